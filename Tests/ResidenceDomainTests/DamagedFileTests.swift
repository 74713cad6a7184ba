import Foundation
import ResidenceDomain
import Testing

@Suite struct DamagedFileTests {
    @Test func `a quotation mark that never closes names the row where it opens`() throws {
        let error = #expect(throws: LedgerError.self) {
            try records("a,b\n1,2\n3,\"4\n5,6\n".utf8)
        }

        #expect(error?.code == .quoteUnclosed)
        #expect(error?.row == 3)
    }

    @Test func `a quotation mark that never closes does not collect a large file`() throws {
        let rest = Array(repeating: "0123456789,0123456789\n", count: 200_000).joined()
        try withFile(("a,b\n1,2\n3,\"4\n" + rest).utf8) { path in
            let reader = try CSVReader(path: path)
            _ = try reader.next()
            _ = try reader.next()

            let error = #expect(throws: LedgerError.self) { try reader.next() }

            #expect(error?.code == .quoteUnclosed)
            #expect(error?.row == 3)
            #expect(reader.fractionRead < 0.3)
        }
    }

    @Test func `text after a closing quotation mark names the row where it opened`() throws {
        let error = #expect(throws: LedgerError.self) {
            try records("a,b\n1,2\n\"3,4\n5,\"6\"\n".utf8)
        }

        #expect(error?.code == .quoteMisplaced)
        #expect(error?.row == 3)
    }

    @Test func `a row of more than a megabyte is no row of a ledger`() throws {
        let error = #expect(throws: LedgerError.self) {
            try records("a,b\n1,".utf8.map { $0 } + Array(repeating: 0x78, count: 3_000_000))
        }
        let commas = #expect(throws: LedgerError.self) {
            try records("a,b\n1,".utf8.map { $0 } + Array(repeating: 0x2C, count: 3_000_000))
        }

        #expect(error?.code == .rowTooLong)
        #expect(error?.row == 2)
        #expect(commas?.code == .rowTooLong)
    }

    @Test(arguments: Fixture.allCases, [65_536, 400_001])
    func `a file that was cut off gives its whole rows and no half one`(
        fixture: Fixture,
        size: Int
    ) throws {
        let bytes = try Data(contentsOf: URL(filePath: fixture.path))
        let whole = try rows(path: fixture.path)

        try withFile(bytes.prefix(size)) { path in
            let reader = try LedgerReader(path: path)
            var given: [LedgerRow] = []
            do throws(LedgerError) {
                while let row = try reader.next() { given.append(row) }
            } catch {
                #expect(error.code == .quoteUnclosed)
                return
            }

            #expect(given.count > 100)
            #expect(given.dropLast() == whole.prefix(given.count - 1))
            #expect(given.last?.entry == nil || given.last == whole[given.count - 1])
        }
    }

    @Test(arguments: ["", "\u{FEFF}", "\r\n\r\n", "\n"])
    func `an empty file is said to be empty`(text: String) throws {
        let error = #expect(throws: LedgerError.self) { try rows(text.utf8) }

        #expect(error?.code == .fileEmpty)
    }

    @Test func `a header alone is a ledger without rows`() throws {
        #expect(try rows((SampleRow().header + "\r\n").utf8).isEmpty)
        #expect(try rows(SampleRow().header.utf8).isEmpty)
    }

    @Test(arguments: ["/no/such/file.csv", "/tmp"])
    func `what is no file cannot be read`(path: String) {
        let error = #expect(throws: LedgerError.self) { try LedgerReader(path: path) }

        #expect(error?.code == .fileUnreadable)
    }
}
