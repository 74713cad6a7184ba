import Foundation
import ResidenceDomain
import Testing

@Suite struct CSVReaderTests {
    @Test func `quoted cells hold commas, line ends and doubled quotes`() throws {
        let text = "a,b\r\n\"1,2\",\"say \"\"hi\"\"\r\nthere\"\r\nx,\r\n"

        let all = try records(text.utf8)

        #expect(all.map(\.cells) == [["a", "b"], ["1,2", "say \"hi\"\r\nthere"], ["x", ""]])
        #expect(all.map(\.row) == [1, 2, 3])
    }

    @Test(arguments: ["\r\n", "\n", "\r"])
    func `each kind of line end ends a row`(end: String) throws {
        let text = ["a,b", "1,2", "", "3,4"].joined(separator: end)

        let all = try records(text.utf8)

        #expect(all.map(\.cells) == [["a", "b"], ["1", "2"], ["3", "4"]])
        #expect(all.map(\.row) == [1, 2, 4])
    }

    @Test func `empty lines are passed over but counted`() throws {
        try withFile("a\n\n\nb\n\n".utf8) { path in
            let reader = try CSVReader(path: path)

            #expect(try reader.next()?.row == 1)
            #expect(try reader.next()?.row == 4)
            #expect(try reader.next() == nil)
            #expect(reader.blankRows == 3)
            #expect(reader.fractionRead == 1)
        }
    }

    @Test func `a cell in empty quotation marks is no empty line`() throws {
        #expect(try records("a\n\"\"\n".utf8).map(\.cells) == [["a"], [""]])
        #expect(try records("a\n\"\"".utf8).map(\.cells) == [["a"], [""]])
    }

    @Test func `quotation marks inside an unquoted cell are text`() throws {
        #expect(try records("a,b\n5\" pipe,x\n".utf8).last?.cells == ["5\" pipe", "x"])
    }

    @Test func `spaces between a closing quotation mark and the comma are nothing`() throws {
        #expect(try records("a,b\n\"1\" ,\"2\"  \n".utf8).last?.cells == ["1", "2"])
    }

    @Test(arguments: [",", "\t", ";"])
    func `cells are divided by what divides the header`(mark: String) throws {
        #expect(try records("a\(mark)b\n1\(mark)2\n".utf8).last?.cells == ["1", "2"])
    }

    @Test func `the fraction that was read grows to one`() throws {
        try withFile(Array(repeating: "0123456789,0123456789\n", count: 20_000).joined().utf8) {
            let reader = try CSVReader(path: $0)
            var last = 0.0
            while try reader.next() != nil {
                guard reader.fractionRead >= last else {
                    Issue.record("\(reader.fractionRead) after \(last)")
                    return
                }
                last = reader.fractionRead
            }

            #expect(reader.fractionRead == 1)
        }
    }
}
