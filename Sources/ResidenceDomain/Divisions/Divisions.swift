/// A table of administrative divisions 行政区划: this city's own, and the country's counties.
///
/// Codes are GB/T 2260's, extended below the county by those of the statistical offices: two
/// digits for a province, four for a city, six for a county, nine for a township and twelve for
/// a village or community. A code's own ancestors are its prefixes.
public struct Divisions: Sendable {
    /// One division of the table.
    public struct Division: Hashable, Sendable {
        /// The code, in as many digits as its level has.
        public let code: String
        /// The name of this division alone.
        public let name: String
    }

    /// The townships 乡镇街道 of this city, in the order of their codes.
    public let townships: [Division]

    private let names: [String: String]
    private var townshipCodes: Set<String>

    /// Builds a table from two CSV texts, each with a code and a name in its first two columns.
    ///
    /// Further columns, the header and lines without a code are not read. Where both name a
    /// code, the city's own table has it right.
    public init(city: String, counties: String) {
        let own = Self.divisions(in: city)
        names = Dictionary(
            (own + Self.divisions(in: counties)).map { ($0.code, $0.name) },
            uniquingKeysWith: { first, _ in first }
        )
        townships = own.filter { $0.code.utf8.count == 9 }.sorted { $0.code < $1.code }
        townshipCodes = Set(townships.map(\.code))
    }

    /// The table with some townships that it does not have: codes are changed faster than programs.
    public func knowing(_ codes: some Sequence<String>) -> Divisions {
        var table = self
        table.townshipCodes.formUnion(
            codes.filter { $0.utf8.count >= 9 }.map { String($0.prefix(9)) }
        )
        return table
    }

    /// The name of one division, without those above it: 昌国街道.
    public func name(of code: String) -> String? {
        names[code]
    }

    /// The names from the highest division that the table knows down to this one, divided by
    /// spaces: 舟山市 定海区 昌国街道.
    ///
    /// - Returns: Nil when the table knows neither the code nor any above it.
    public func path(of code: String) -> String? {
        let known = [2, 4, 6, 9, 12].filter { $0 <= code.utf8.count }
            .compactMap { names[String(code.prefix($0))] }
        return known.isEmpty ? nil : known.joined(separator: " ")
    }

    /// Whether somebody may be registered here: in a known township, or in a village under one.
    ///
    /// Villages are not looked up, since they are founded and merged every year. A county or a
    /// city is too little: a registration must stand in the area of the coordinator who looks
    /// after it, and only townships and villages are anybody's. Nor is it enough that a code
    /// lies under a known county: stations enter 330902999 where they do not know better, and
    /// their ledgers list that as a defect.
    public func isKnownResidence(_ code: String) -> Bool {
        switch code.utf8.count {
        case 9: townshipCodes.contains(code)
        case 12: Spelling.isDigits(code) && townshipCodes.contains(String(code.prefix(9)))
        default: false
        }
    }

    /// The code of a place of residence in its shortest form, or nil when it is not known.
    ///
    /// A township padded to twelve digits, `330902002000`, is that township, `330902002`.
    public func residence(_ text: String) -> String? {
        let code = Spelling.compact(text)
        guard isKnownResidence(code) else { return nil }
        return code.utf8.count == 12 && code.hasSuffix("000") ? String(code.prefix(9)) : code
    }

    /// The divisions whose names hold a text: exact names first, then beginnings, then others,
    /// and this city's before the rest of the country's.
    public func search(_ name: String) -> [Division] {
        let name = Spelling.line(name)
        guard !name.isEmpty else { return [] }
        let city = String(townships.first?.code.prefix(4) ?? "")
        func rank(_ division: Division) -> Int {
            let match = division.name == name ? 0 : division.name.hasPrefix(name) ? 2 : 4
            return match + (division.code.hasPrefix(city) ? 0 : 1)
        }
        return names.filter { $0.value.contains(name) }
            .map { Division(code: $0.key, name: $0.value) }
            .map { (rank: rank($0), division: $0) }
            .sorted { ($0.rank, $0.division.code) < ($1.rank, $1.division.code) }
            .map(\.division)
    }

    private static func divisions(in csv: String) -> [Division] {
        csv.utf8.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).compactMap { line in
            let cells = line.split(
                separator: UInt8(ascii: ","),
                maxSplits: 2,
                omittingEmptySubsequences: false
            )
            guard cells.count >= 2, let code = String(cells[0]), let name = String(cells[1]),
                Spelling.isDigits(code), !name.isEmpty
            else { return nil }
            return Division(code: code, name: name)
        }
    }
}
