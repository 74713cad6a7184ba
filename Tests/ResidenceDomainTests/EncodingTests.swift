import Foundation
import ResidenceDomain
import Testing

@Suite struct EncodingTests {
    /// 张三 and 𠮷 in GB18030: two characters of two bytes, and one of four.
    static let name: [UInt8] = [0xD5, 0xC5, 0xC8, 0xFD, 0x95, 0x34, 0xB2, 0x35]

    @Test(arguments: [[0xEF, 0xBB, 0xBF], []] as [[UInt8]])
    func `UTF-8 is read with and without a byte order mark`(mark: [UInt8]) throws {
        let all = try records(mark + Array("姓名\n𠮷\n".utf8))

        #expect(all.map(\.cells) == [["姓名"], ["𠮷"]])
    }

    @Test(arguments: [true, false])
    func `UTF-16 is read by its byte order mark`(isLittleEndian: Bool) throws {
        let bytes = "\u{FEFF}姓名\t性别\r\n𠮷\t男\r\n".utf16.flatMap { unit -> [UInt8] in
            let pair = [UInt8(unit & 0xFF), UInt8(unit >> 8)]
            return isLittleEndian ? pair : pair.reversed()
        }

        #expect(try records(bytes).map(\.cells) == [["姓名", "性别"], ["𠮷", "男"]])
    }

    @Test(arguments: 0..<8)
    func `GB18030 is read across every boundary of a chunk`(shift: Int) throws {
        let line = Self.name + [0x2C] + Self.name + [0x0A]
        let head = Array(repeating: UInt8(ascii: "h"), count: shift + 1) + [0x2C, 0x0A]

        let all = try records(head + (0..<6_000).flatMap { _ in line })

        #expect(all.count == 6_001)
        #expect(all.dropFirst().allSatisfy { $0.cells == ["张三𠮷", "张三𠮷"] })
    }

    @Test func `Chinese that comes only after a long stretch of ASCII is read right`() throws {
        let ascii = Array(repeating: "name,0123456789\n", count: 20_000).joined()

        let all = try records(Array(ascii.utf8) + Self.name + Array(",last\n".utf8))

        #expect(all.count == 20_001)
        #expect(all.last?.cells == ["张三𠮷", "last"])
    }

    @Test func `a broken character spoils its own cell and no other`() throws {
        let whole = Array(repeating: "姓名甲,乙\n", count: 100).joined()

        let broken = Array("甲".utf8.dropLast()) + Array(",乙\n丙,丁\n".utf8)
        let all = try records(Array(whole.utf8) + broken)

        #expect(all[100].garbled == [0])
        #expect(all[100].cells[1] == "乙")
        #expect(all[101] == CSVRecord(row: 102, cells: ["丙", "丁"]))
    }

    @Test func `half a character of GB18030 does not swallow the comma after it`() throws {
        let line = Self.name + Array(",x\n".utf8)
        let broken: [UInt8] = [0xD5, 0xC5, 0xC8] + Array(",x\n".utf8)

        let all = try records(line + broken + line)

        #expect(all.map(\.garbled) == [[], [0], []])
        #expect(all.map { $0.cells.last } == ["x", "x", "x"])
    }

    @Test func `a file that ends within a character keeps its other cells`() throws {
        let all = try records(Self.name + Array(",x\n1,".utf8) + Self.name.dropLast(2))

        #expect(all.last?.cells.first == "1")
        #expect(all.last?.garbled == [1])
    }

    @Test(
        arguments: [
            [0x50, 0x4B, 0x03, 0x04, 0x14, 0x00, 0x06], [0xD0, 0xCF, 0x11, 0xE0, 0xA1],
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A], Array("%PDF-1.7\n".utf8),
            Array("a,b\n1,".utf8) + [0x00, 0x32],
        ] as [[UInt8]]
    )
    func `a file that is not text is refused with what to do`(bytes: [UInt8]) throws {
        let error = try withFile(bytes) { path in
            #expect(throws: LedgerError.self) { try CSVReader(path: path) }
        }

        #expect(error?.code == .notCSV)
        #expect(error?.message.contains("CSV") == true)
        #expect(error?.english.contains("CSV") == true)
    }

    @Test func `a NUL byte far into the file is found before the first row is read`() throws {
        let bytes = Array(repeating: "name,0123456789\n", count: 20_000).joined() + "\0"

        let error = try withFile(bytes.utf8) { path in
            #expect(throws: LedgerError.self) { try CSVReader(path: path) }
        }

        #expect(error?.code == .notCSV)
    }
}
