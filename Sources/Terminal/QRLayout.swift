/// How a version of a QR code divides its codewords into data and error correction.
struct QRLayout {
    let version: Int
    /// Codewords of error correction in each block.
    private let correction: Int
    private let blocks: Int

    // > ISO/IEC 18004, table 9: Number of error correction codewords and blocks, by version.

    private static let low: [(correction: Int, blocks: Int)] = [
        (7, 1), (10, 1), (15, 1), (20, 1), (26, 1), (18, 2), (20, 2), (24, 2), (30, 2), (18, 4),
        (20, 4), (24, 4), (26, 4), (30, 4), (22, 6), (24, 6), (28, 6), (30, 6), (28, 7), (28, 8),
    ]
    private static let medium: [(correction: Int, blocks: Int)] = [
        (10, 1), (16, 1), (26, 1), (18, 2), (24, 2), (16, 4), (18, 4), (22, 4), (22, 5), (26, 5),
        (30, 5), (22, 8), (22, 9), (24, 9), (24, 10), (28, 10), (28, 11), (26, 13), (26, 14),
        (26, 16),
    ]

    /// The smallest version that holds a number of bytes; `nil` where none does.
    static func smallest(for bytes: Int, _ level: QRCode.Correction) -> QRLayout? {
        let table = level == .low ? low : medium
        for (index, row) in table.enumerated() {
            let layout = QRLayout(
                version: index + 1,
                correction: row.correction,
                blocks: row.blocks
            )
            if layout.headerBits + 8 * bytes <= 8 * layout.dataCodewords { return layout }
        }
        return nil
    }

    /// Four bits name the mode, and the length has 8 or 16.
    private var headerBits: Int { version < 10 ? 12 : 20 }

    private var dataCodewords: Int { QRCanvas.codewords(of: version) - correction * blocks }

    /// The codewords of a text in the order in which they are placed.
    ///
    /// No ECI header says that it is UTF-8: readers find out, and old ones stumble over the header.
    func codewords(of text: [UInt8]) -> [UInt8] {
        let blocks = divided(data(of: text))
        let remainders = blocks.map { ReedSolomon.remainder(of: $0, degree: correction) }
        return Self.interleaved(blocks) + Self.interleaved(remainders)
    }

    private func data(of text: [UInt8]) -> [UInt8] {
        // The mode (0100, bytes) is half a codeword, so that all that follows is shifted by half.
        let length =
            version < 10
            ? [UInt8(text.count)] : [UInt8(text.count >> 8), UInt8(text.count & 0xFF)]
        var data: [UInt8] = []
        var carried: UInt8 = 0b0100
        for byte in length + text {
            data.append(carried << 4 | byte >> 4)
            carried = byte & 0x0F
        }
        // The terminator, four zero bits, always fits: what is left is half a codeword at least.
        data.append(carried << 4)
        // > ISO/IEC 18004, 7.4.10: The Pad Codewords 11101100 and 00010001 alternately.
        let used = data.count
        while data.count < dataCodewords {
            data.append((data.count - used) % 2 == 0 ? 0xEC : 0x11)
        }
        return data
    }

    /// The data in blocks; the last ones have one codeword more where it does not divide evenly.
    private func divided(_ data: [UInt8]) -> [[UInt8]] {
        let short = data.count / blocks
        let shortBlocks = blocks - data.count % blocks
        var start = 0
        return (0..<blocks).map { index in
            let count = short + (index < shortBlocks ? 0 : 1)
            defer { start += count }
            return Array(data[start..<start + count])
        }
    }

    /// The first codeword of each block, then the second ones, and so on.
    private static func interleaved(_ blocks: [[UInt8]]) -> [UInt8] {
        let longest = blocks.map(\.count).max() ?? 0
        return (0..<longest).flatMap { place in
            blocks.compactMap { place < $0.count ? $0[place] : nil }
        }
    }
}

/// Error correction over the field of 256 elements with the polynomial x⁸ + x⁴ + x³ + x² + 1.
enum ReedSolomon {
    /// What follows a block of data: the remainder of its division by the generator.
    static func remainder(of data: [UInt8], degree: Int) -> [UInt8] {
        let generator = generator(degree: degree)
        var remainder = [UInt8](repeating: 0, count: degree)
        for byte in data {
            let factor = byte ^ remainder.removeFirst()
            remainder.append(0)
            for index in 0..<degree { remainder[index] ^= product(generator[index], factor) }
        }
        return remainder
    }

    /// The product of (x − 2⁰) … (x − 2ᵈ⁻¹), the highest coefficient, which is 1, left out.
    private static func generator(degree: Int) -> [UInt8] {
        var coefficients = [UInt8](repeating: 0, count: degree - 1) + [1]
        var root: UInt8 = 1
        for _ in 0..<degree {
            for index in 0..<degree {
                coefficients[index] = product(coefficients[index], root)
                if index + 1 < degree { coefficients[index] ^= coefficients[index + 1] }
            }
            root = product(root, 2)
        }
        return coefficients
    }

    private static func product(_ left: UInt8, _ right: UInt8) -> UInt8 {
        var (rest, power, sum) = (left, right, UInt8(0))
        while rest != 0 {
            if rest & 1 == 1 { sum ^= power }
            power = power << 1 ^ (power >> 7) &* 0x1D
            rest >>= 1
        }
        return sum
    }
}
