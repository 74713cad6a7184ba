/// The modules of a QR code while it is drawn.
struct QRCanvas {
    let version: Int
    let size: Int
    private var dark: [Bool]
    /// The modules of the patterns by which readers find their way: no mask touches them.
    private var isPattern: [Bool]

    /// The patterns alone.
    init(version: Int) {
        self.version = version
        size = 17 + 4 * version
        dark = Array(repeating: false, count: size * size)
        isPattern = dark
        drawPatterns()
    }

    subscript(x: Int, y: Int) -> Bool { dark[y * size + x] }

    /// How many codewords a version has room for.
    static func codewords(of version: Int) -> Int {
        QRCanvas(version: version).isPattern.count { !$0 } / 8
    }

    private mutating func draw(_ x: Int, _ y: Int, _ isDark: Bool) {
        dark[y * size + x] = isDark
        isPattern[y * size + x] = true
    }

    // MARK: Patterns

    private mutating func drawPatterns() {
        for place in 0..<size {
            draw(6, place, place % 2 == 0)
            draw(place, 6, place % 2 == 0)
        }
        for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] { drawFinder(x, y) }
        let places = Self.alignment(of: version)
        for x in places {
            for y in places {
                let corners = [(6, 6), (6, size - 7), (size - 7, 6)]
                if !corners.contains(where: { $0 == (x, y) }) { drawAlignment(x, y) }
            }
        }
        drawVersion()
        drawFormat(0)
    }

    /// Three rings about a corner; the fourth, light one separates them from the data.
    private mutating func drawFinder(_ x: Int, _ y: Int) {
        for dy in -4...4 {
            for dx in -4...4 where (0..<size).contains(x + dx) && (0..<size).contains(y + dy) {
                let ring = max(abs(dx), abs(dy))
                draw(x + dx, y + dy, ring != 2 && ring != 4)
            }
        }
    }

    private mutating func drawAlignment(_ x: Int, _ y: Int) {
        for dy in -2...2 {
            for dx in -2...2 { draw(x + dx, y + dy, max(abs(dx), abs(dy)) != 1) }
        }
    }

    // > ISO/IEC 18004, table E.1: Row/column coordinates of centre module of alignment patterns.

    /// The table follows a rule: even steps, as equal as may be, counted from the far edge.
    private static func alignment(of version: Int) -> [Int] {
        guard version > 1 else { return [] }
        let count = version / 7 + 2
        let step = (4 * version + 2 * count + 1) / (2 * count - 2) * 2
        return [6] + (0..<count - 1).reversed().map { 10 + 4 * version - $0 * step }
    }

    /// Versions above 6 say which they are: 6 bits under a Golay code of 12, twice.
    private mutating func drawVersion() {
        guard version >= 7 else { return }
        let bits = version << 12 | Self.remainder(version, generator: 0x1F25, degree: 12)
        for place in 0..<18 {
            let (near, far) = (place / 3, size - 11 + place % 3)
            draw(far, near, bits >> place & 1 == 1)
            draw(near, far, bits >> place & 1 == 1)
        }
    }

    /// Level and mask: 5 bits under a BCH code of 10, twice, and one module that is always dark.
    private mutating func drawFormat(_ format: Int) {
        let bits = (format << 10 | Self.remainder(format, generator: 0x537, degree: 10)) ^ 0x5412
        for place in 0..<15 {
            let isDark = bits >> place & 1 == 1
            switch place {
            case ..<6: draw(8, place, isDark)
            case 6, 7: draw(8, place + 1, isDark)
            case 8: draw(7, 8, isDark)
            default: draw(14 - place, 8, isDark)
            }
            if place < 8 {
                draw(size - 1 - place, 8, isDark)
            } else {
                draw(8, size - 15 + place, isDark)
            }
        }
        draw(8, size - 8, true)
    }

    private static func remainder(_ value: Int, generator: Int, degree: Int) -> Int {
        var rest = value
        for _ in 0..<degree { rest = rest << 1 ^ (rest >> (degree - 1)) * generator }
        return rest
    }

    // MARK: Data

    /// Writes codewords, the highest bit first, in columns two wide from the lower right corner.
    ///
    /// Columns go up and down in turn, round the patterns; modules that are left over stay light.
    mutating func place(_ codewords: [UInt8]) {
        var bit = 0
        var isUpward = true
        for right in Array(stride(from: size - 1, to: 6, by: -2)) + [5, 3, 1] {
            for step in 0..<size {
                let y = isUpward ? size - 1 - step : step
                for x in [right, right - 1] where !isPattern[y * size + x] {
                    guard bit < 8 * codewords.count else { return }
                    dark[y * size + x] = codewords[bit / 8] >> (7 - bit % 8) & 1 == 1
                    bit += 1
                }
            }
            isUpward.toggle()
        }
    }

    /// The same with a mask laid over the data, and named beside the level.
    func masked(by mask: Int, _ level: QRCode.Correction) -> QRCanvas {
        var canvas = self
        for y in 0..<size {
            for x in 0..<size where !isPattern[y * size + x] && Self.isInverted(x, y, by: mask) {
                canvas.dark[y * size + x].toggle()
            }
        }
        canvas.drawFormat((level == .low ? 0b01 : 0b00) << 3 | mask)
        return canvas
    }

    // > ISO/IEC 18004, table 10: Data mask pattern generation conditions.

    private static func isInverted(_ x: Int, _ y: Int, by mask: Int) -> Bool {
        switch mask {
        case 0: (x + y) % 2 == 0
        case 1: y % 2 == 0
        case 2: x % 3 == 0
        case 3: (x + y) % 3 == 0
        case 4: (x / 3 + y / 2) % 2 == 0
        case 5: x * y % 2 + x * y % 3 == 0
        case 6: (x * y % 2 + x * y % 3) % 2 == 0
        default: ((x + y) % 2 + x * y % 3) % 2 == 0
        }
    }
}

extension QRCanvas {
    // > ISO/IEC 18004, 7.8.3.1: Evaluation of data masking results.

    /// How much a reader could stumble over: the less, the better the mask.
    var penalty: Int {
        let rows = (0..<size).map { y in (0..<size).map { x in self[x, y] } }
        let columns = (0..<size).map { x in (0..<size).map { y in self[x, y] } }
        let darkModules = rows.joined().count { $0 }
        let imbalance = abs(20 * darkModules - 10 * size * size) / (size * size)
        return (rows + columns).reduce(0) { $0 + Self.runs(in: $1) + Self.finders(in: $1) }
            + Self.squares(in: rows) + 10 * imbalance
    }

    /// Five of a colour in a row, and more.
    private static func runs(in line: [Bool]) -> Int {
        var (points, length) = (0, 0)
        for (place, module) in line.enumerated() {
            length = place > 0 && line[place - 1] == module ? length + 1 : 1
            if length >= 5 { points += length == 5 ? 3 : 1 }
        }
        return points
    }

    /// What looks like a finder: 1:1:3:1:1 with four light modules on one side.
    private static func finders(in line: [Bool]) -> Int {
        var (points, window) = (0, 0)
        for (place, module) in line.enumerated() {
            window = window << 1 & 0x7FF | (module ? 1 : 0)
            if place >= 10, window == 0b101_1101_0000 || window == 0b000_0101_1101 { points += 40 }
        }
        return points
    }

    /// Squares of two by two in one colour.
    private static func squares(in rows: [[Bool]]) -> Int {
        zip(rows, rows.dropFirst()).reduce(0) { points, pair in
            let same = pair.0.indices.dropFirst().count { x in
                let module = pair.0[x]
                return pair.0[x - 1] == module && pair.1[x] == module && pair.1[x - 1] == module
            }
            return points + 3 * same
        }
    }
}
