import Terminal
import Testing

@Suite struct QRCodeTests {
    /// A link as `residence-syncd device add` writes it, filled up to a length.
    private static func link(_ length: Int) -> String {
        let start =
            "https://192.168.1.20:8443/enroll#code=7Q2M-K9XD-04TB"
            + "&key=34750f98bd59fcfc946da45aaabe933be154a4b5094e1c4abf42866505f3c97e&tls="
        let filling = String(repeating: "8139770ea87d175f", count: length / 16 + 1)
        return String((start + filling).prefix(length))
    }

    /// Modules of a symbol as the tests write them: dark ones are `#`.
    private static func rows(of code: QRCode) -> [String] {
        (0..<code.size).map { y in
            (0..<code.size).map { x in code[x: x, y: y] ? "#" : "." }.joined()
        }
    }

    @Test func `a short text is the symbol that another encoder makes of it`() throws {
        let code = try #require(QRCode("HELLO", correction: .low, mask: 3))

        #expect(code.version == 1)
        #expect(Self.rows(of: code) == Vectors.hello)
    }

    @Test func `a link in four blocks is the symbol that another encoder makes of it`() throws {
        let link =
            "https://127.0.0.1:8443/enroll#code=7Q2M-K9XD-04TB"
            + "&key=34750f98bd59fcfc946da45aaabe933be154a4b5094e1c4abf42866505f3c97e"

        let code = try #require(QRCode(link, correction: .medium, mask: 5))

        #expect(code.version == 7)
        #expect(Self.rows(of: code) == Vectors.link)
    }

    @Test(arguments: [1, 17, 18, 53, 106, 107, 154, 155, 230, 231, 300, 458, 600, 721, 858])
    func `a link of any length that fits can be read back`(length: Int) throws {
        let link = Self.link(length)

        let code = try #require(QRCode(link))
        let reader = try #require(QRReader(size: code.size) { code[x: $0, y: $1] })

        #expect(reader.text == link)
        #expect(reader.isSound)
        #expect(reader.mask == code.mask)
    }

    @Test(arguments: 0..<8) func `a link can be read back under every mask`(mask: Int) throws {
        let link = Self.link(200)

        let code = try #require(QRCode(link, correction: .low, mask: mask))
        let reader = try #require(QRReader(size: code.size) { code[x: $0, y: $1] })

        #expect(reader.text == link)
        #expect(reader.isSound)
        #expect(reader.mask == mask)
    }

    @Test func `characters beyond ASCII travel as UTF-8`() throws {
        let code = try #require(QRCode("昌国街道"))

        let reader = try #require(QRReader(size: code.size) { code[x: $0, y: $1] })

        #expect(reader.text == "昌国街道")
    }

    @Test(arguments: [(17, 1), (18, 2), (106, 5), (230, 9), (231, 10), (858, 20)])
    func `the symbol is the smallest that holds the text`(length: Int, version: Int) throws {
        let code = try #require(QRCode(Self.link(length)))

        #expect(code.version == version)
        #expect(code.size == 17 + 4 * version)
    }

    @Test func `a text of 859 bytes does not fit, nor one of 667 with medium correction`() {
        #expect(QRCode(Self.link(858)) != nil)
        #expect(QRCode(Self.link(859)) == nil)
        #expect(QRCode(Self.link(666), correction: .medium) != nil)
        #expect(QRCode(Self.link(667), correction: .medium) == nil)
    }

    @Test func `no text at all is a symbol, too`() throws {
        let code = try #require(QRCode(""))

        #expect(try #require(QRReader(size: code.size) { code[x: $0, y: $1] }).text.isEmpty)
    }

    @Test func `modules beyond the edges are light`() throws {
        let code = try #require(QRCode("HELLO"))

        #expect(!code[x: -1, y: 0])
        #expect(!code[x: 0, y: code.size])
    }

    @Test(arguments: [true, false])
    func `what the terminal shows can be read back`(colours: Bool) throws {
        let link = Self.link(200)
        let code = try #require(QRCode(link))

        let drawing = try #require(Drawing(code.lines(colours: colours), colours: colours))
        let reader = try #require(
            QRReader(size: code.size) { drawing.isDark(x: $0 + 4, y: $1 + 4) }
        )

        #expect(reader.text == link)
        #expect(drawing.width == code.size + 8)
        #expect(drawing.isLightAround(code.size, by: 4))
    }

    @Test func `with colours each line sets black on white and ends with the terminal's own`()
        throws
    {
        let lines = try #require(QRCode("HELLO")).lines(colours: true)

        #expect(lines.allSatisfy { $0.hasPrefix("\u{1B}[38;5;16;48;5;231m") })
        #expect(lines.allSatisfy { $0.hasSuffix("\u{1B}[0m") })
    }

    @Test func `without colours nothing but half blocks and blanks is written`() throws {
        let lines = try #require(QRCode("HELLO")).lines(colours: false)

        #expect(Set(lines.joined()).isSubset(of: ["█", "▀", "▄", " "]))
        #expect(lines.first == String(repeating: "█", count: 29))
    }
}

/// What a terminal shows, module by module.
private struct Drawing {
    private let rows: [[Bool]]

    /// `nil` where a line has anything but half blocks, blanks and the colours.
    init?(_ lines: [String], colours: Bool) {
        var rows: [[Bool]] = []
        for line in lines {
            let cells = line.replacing("\u{1B}[38;5;16;48;5;231m", with: "")
                .replacing("\u{1B}[0m", with: "")
            guard cells.allSatisfy({ "█▀▄ ".contains($0) }) else { return nil }
            rows.append(cells.map { ($0 == "█" || $0 == "▀") == colours })
            rows.append(cells.map { ($0 == "█" || $0 == "▄") == colours })
        }
        self.rows = rows
    }

    var width: Int { rows.first?.count ?? 0 }

    func isDark(x: Int, y: Int) -> Bool { rows[y][x] }

    func isLightAround(_ size: Int, by zone: Int) -> Bool {
        let inside = zone..<zone + size
        return rows.enumerated().allSatisfy { y, row in
            row.enumerated().allSatisfy { x, isDark in
                !isDark || inside.contains(x) && inside.contains(y)
            }
        }
    }
}

/// Symbols that another encoder made, under the same masks.
private enum Vectors {
    /// “HELLO”, version 1-L, mask 3.
    static let hello = [
        "#######.#.###.#######",
        "#.....#...##..#.....#",
        "#.###.#.##.#..#.###.#",
        "#.###.#.##..#.#.###.#",
        "#.###.#.#..#..#.###.#",
        "#.....#..####.#.....#",
        "#######.#.#.#.#######",
        "...........##........",
        "####..#.######..###.#",
        "##.#.#.##..####..##..",
        "..#.###....#.......##",
        "##.#.#..##.#..####.#.",
        "#..####.#...#..#..#.#",
        "........#..#..#...#.#",
        "#######....##..#.....",
        "#.....#..##....#####.",
        "#.###.#...#.######.##",
        "#.###.#.##.#..#.####.",
        "#.###.#.#...#.##..#..",
        "#.....#.#....#.##...#",
        "#######.##...#.#.....",
    ]

    /// A link of 118 bytes, version 7-M, mask 5.
    static let link = [
        "#######...#..#.#.#..####..##.###.#..#.#######",
        "#.....#.######.#.##..####.#..#.##..#..#.....#",
        "#.###.#.#..##.##..#..#.###.###.###.#..#.###.#",
        "#.###.#.#...#.#..##..#.########.##.##.#.###.#",
        "#.###.#....###.....#######.##.#.#.###.#.###.#",
        "#.....#....##..#.#..#...#.##.#........#.....#",
        "#######.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#.#######",
        "........#####..#....#...##.######..##........",
        "#.....#.####..#.##..#####..#..#....#.##..###.",
        "##.##..###.#...##.##..##..#.#.###.#.#.##.#.#.",
        "#.#########.#.#..#.#.##.######....##.###.#.#.",
        ".##.....##...#.#..#..#.##.###...###.##..###..",
        ".#...##.##.#.....##.##.#...######.##....##.#.",
        "...##...#.####.#.....#...#....#..#..##....###",
        ".###.##...#..#.######.###.##.#.#.#.###.......",
        "..##.......#...#....####.##...#....#.##..##..",
        ".##.#.###.#...##..##.##.##....#....#..#......",
        "#.#.#..#.#######.#.#.###...#..#.....##.#.##.#",
        ".##.########.#...##..#.##..###.##....#.#..#.#",
        ".#####..#..#.##.###..#.###..#.###..#.#.##.#..",
        "#...#######....##.#######.##..#....#######..#",
        "....#...#.##.#####..#...#.#...#.#####...###..",
        "#...#.#.####....#.###.#.####.#.#.##.#.#.#.##.",
        "..#.#...##..###..##.#...##.####.#...#...#####",
        ".#.########....##############.#.##..#####..##",
        "###.#....##.##.#.#######....###....###...##.#",
        ".#....####.#....###.#....####..#..#.#.....##.",
        "##.#.#.#....######.#..######.##.#..#.#.#.##..",
        ".###..#.#...##.#.#.#.#.#.#.#...#..#.#.#.#..#.",
        "#.........####.#.##.####.#.#..#....#..##.##.#",
        "....#.####.......##.#.#.....#..#...########.#",
        "...###.#..##.#.....###..#.#.##.###....#...#..",
        "##.#..###..#.#.##.####.#.#.......#..#...##.#.",
        ".#.###.###.#.#####.###..#.###.#...#####.#.##.",
        "....#.#.#...#######.#..#.###.#.##.#.#.....#..",
        ".####..###..#.#.#....#..#....####..####.#.##.",
        "#..##.###..#.##.#########...######.######..#.",
        "........#.######.####...##...##.##.##...###.#",
        "#######...##.#..#..##.#.#.#..###.####.#.#.##.",
        "#.....#..#..##...#..#...#.##..#..####...####.",
        "#.###.#....###.###..########.###..########...",
        "#.###.#....#####...##..#...#.##.#......######",
        "#.###.#..#....#.#...######.###..##..#..##.#.#",
        "#.....#..#.###..##..#..#..######..####.#..#..",
        "#######.#..#.#.##..#.##.##.#...#....#.#..#.#.",
    ]
}
