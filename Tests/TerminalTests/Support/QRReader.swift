/// Reads a QR code of low correction back from its modules, by the standard's own tables.
struct QRReader {
    let text: String
    let mask: Int
    /// Whether every block's codewords are a multiple of the generator, as they must be.
    let isSound: Bool

    private let size: Int
    private let version: Int
    private let isDark: (Int, Int) -> Bool

    init?(size: Int, isDark: @escaping (Int, Int) -> Bool) {
        self.size = size
        self.isDark = isDark
        version = (size - 17) / 4
        guard let format = Self.format(size, isDark), format >> 3 == 0b01 else { return nil }
        mask = format & 7
        let blocks = Self.blocks(
            Self.codewords(size, version, mask, isDark),
            of: Self.table[version - 1]
        )
        isSound = blocks.allSatisfy { block in
            (0..<block.count - block.data.count).allSatisfy {
                Self.value(of: block.all, at: $0) == 0
            }
        }
        text = Self.text(of: blocks.flatMap(\.data), version)
    }

    // > ISO/IEC 18004, table 7: Number of data codewords; table 9: number of blocks, level L.

    private static let table: [(data: Int, blocks: Int)] = [
        (19, 1), (34, 1), (55, 1), (80, 1), (108, 1), (136, 2), (156, 2), (194, 2), (232, 2),
        (274, 4), (324, 4), (370, 4), (428, 4), (461, 4), (523, 6), (589, 6), (647, 6), (721, 6),
        (795, 7), (861, 8),
    ]

    // > ISO/IEC 18004, table E.1: Row/column coordinates of centre module of alignment patterns.

    private static let alignment: [[Int]] = [
        [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46],
        [6, 28, 50], [6, 30, 54], [6, 32, 58], [6, 34, 62], [6, 26, 46, 66], [6, 26, 48, 70],
        [6, 26, 50, 74], [6, 30, 54, 78], [6, 30, 56, 82], [6, 30, 58, 86], [6, 34, 62, 90],
    ]

    /// Level and mask, where both copies agree and are of the code.
    private static func format(_ size: Int, _ isDark: (Int, Int) -> Bool) -> Int? {
        let near =
            [0, 1, 2, 3, 4, 5, 7, 8].map { isDark($0, 8) }
            + [7, 5, 4, 3, 2, 1, 0].map { isDark(8, $0) }
        let far = (1...7).map { isDark(8, size - $0) } + (0..<8).map { isDark(size - 8 + $0, 8) }
        guard near == far, isDark(8, size - 8) else { return nil }
        let bits = near.reduce(0) { $0 << 1 | ($1 ? 1 : 0) } ^ 0x5412
        var rest = bits
        for shift in (0..<5).reversed() where rest >> (shift + 10) & 1 == 1 {
            rest ^= 0x537 << shift
        }
        return rest == 0 ? bits >> 10 : nil
    }

    private static func codewords(
        _ size: Int,
        _ version: Int,
        _ mask: Int,
        _ isDark: (Int, Int) -> Bool
    ) -> [UInt8] {
        var bits: [Bool] = []
        var column = size - 1
        var isUpward = true
        while column > 0 {
            if column == 6 { column -= 1 }
            for row in isUpward ? Array((0..<size).reversed()) : Array(0..<size) {
                for x in [column, column - 1] where !isPattern(x, row, size, version) {
                    bits.append(isDark(x, row) != isMasked(row, x, mask))
                }
            }
            isUpward.toggle()
            column -= 2
        }
        return stride(from: 0, to: bits.count - 7, by: 8).map { start in
            bits[start..<start + 8].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    private static func isPattern(_ x: Int, _ y: Int, _ size: Int, _ version: Int) -> Bool {
        if x == 6 || y == 6 { return true }
        let (left, right) = (x < 9, x >= size - 8)
        let (top, bottom) = (y < 9, y >= size - 8)
        if left && top || right && top || left && bottom { return true }
        if version >= 7, x < 6 && y >= size - 11 || y < 6 && x >= size - 11 { return true }
        let centres = alignment[version - 1]
        guard let i = centres.firstIndex(where: { abs($0 - x) <= 2 }),
            let j = centres.firstIndex(where: { abs($0 - y) <= 2 })
        else { return false }
        let last = centres.count - 1
        return !((i == 0 && j == 0) || (i == 0 && j == last) || (i == last && j == 0))
    }

    /// By the standard's words: i is the row, j the column.
    private static func isMasked(_ i: Int, _ j: Int, _ mask: Int) -> Bool {
        let conditions = [
            (i + j) % 2, i % 2, j % 3, (i + j) % 3, (i / 2 + j / 3) % 2, (i * j) % 2 + (i * j) % 3,
            ((i * j) % 2 + (i * j) % 3) % 2, ((i + j) % 2 + (i * j) % 3) % 2,
        ]
        return conditions[mask] == 0
    }

    private struct Block {
        var data: [UInt8] = []
        var correction: [UInt8] = []
        var all: [UInt8] { data + correction }
        var count: Int { data.count + correction.count }
    }

    private static func blocks(
        _ codewords: [UInt8],
        of layout: (data: Int, blocks: Int)
    ) -> [Block] {
        var blocks = Array(repeating: Block(), count: layout.blocks)
        let (short, longer) = (layout.data / layout.blocks, layout.data % layout.blocks)
        for place in 0..<short * layout.blocks {
            blocks[place % layout.blocks].data.append(codewords[place])
        }
        for place in 0..<longer {
            blocks[layout.blocks - longer + place].data.append(
                codewords[short * layout.blocks + place]
            )
        }
        for (place, codeword) in codewords[layout.data...].enumerated() {
            blocks[place % layout.blocks].correction.append(codeword)
        }
        return blocks
    }

    /// The value of a block, as a polynomial, at a power of 2: 0 at every root of the generator.
    private static func value(of block: [UInt8], at power: Int) -> UInt8 {
        block.reduce(0) { sum, codeword in
            (0..<power).reduce(sum) { value, _ in value << 1 ^ (value >> 7) &* 0x1D } ^ codeword
        }
    }

    private static func text(of data: [UInt8], _ version: Int) -> String {
        let nibbles = data.flatMap { [$0 >> 4, $0 & 15] }
        let bytes = stride(from: 1, to: nibbles.count - 1, by: 2).map {
            nibbles[$0] << 4 | nibbles[$0 + 1]
        }
        let header = version < 10 ? 1 : 2
        let length = bytes[..<header].reduce(0) { $0 << 8 | Int($1) }
        guard nibbles[0] == 0b0100, header + length <= bytes.count else { return "" }
        return String(decoding: bytes[header..<header + length], as: UTF8.self)
    }
}
