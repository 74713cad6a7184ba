/// A table of codes for the values of one field, as a national standard or this project sets it.
///
/// It is read both ways: from a code to its Chinese or English label, and from a label, in any
/// of the spellings that stations use, to its code.
public struct CodeTable: Sendable {
    /// One code of a table, with what it is called.
    public struct Entry: Hashable, Sendable {
        /// The code.
        public let code: Int
        /// The Chinese label, as the standard has it.
        public let chinese: String
        /// The English label.
        public let english: String
        /// Other spellings that mean the same.
        public let synonyms: [String]

        init(_ code: Int, _ chinese: String, _ english: String, _ synonyms: [String] = []) {
            self.code = code
            self.chinese = chinese
            self.english = english
            self.synonyms = synonyms
        }
    }

    /// What the table is called, such as 民族 or 文化程度.
    public let name: String
    /// The standard that sets the codes, or an empty text where this project sets them.
    public let standard: String
    /// The codes, in the table's order.
    public let entries: [Entry]
    /// The code that stands for whatever the table does not list, if there is one.
    public let other: Int?

    private let places: [Int: Int]
    private let codes: [String: Int]

    init(_ name: String, standard: String = "", other: Int?, _ entries: [Entry]) {
        self.name = name
        self.standard = standard
        self.entries = entries
        self.other = other
        places = Dictionary(
            entries.enumerated().map { ($1.code, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        var codes: [String: Int] = [:]
        for entry in entries {
            for label in [entry.chinese, entry.english, String(entry.code)] + entry.synonyms {
                let key = Self.key(label)
                if codes[key] == nil { codes[key] = entry.code }
            }
        }
        self.codes = codes
    }

    /// The entry of a code, or nil when the table does not have it.
    public func entry(_ code: Int) -> Entry? {
        places[code].map { entries[$0] }
    }

    /// The Chinese label of a code, or nil when the table does not have it.
    public func label(of code: Int) -> String? {
        entry(code)?.chinese
    }

    /// The English label of a code, or nil when the table does not have it.
    public func englishLabel(of code: Int) -> String? {
        entry(code)?.english
    }

    /// The code of a label, of one of its other spellings, or of the code itself as text.
    public func code(for label: String) -> Int? {
        codes[label] ?? codes[Self.key(label)]
    }

    /// The value that a text stands for: its code, or *other* with the text kept.
    ///
    /// - Returns: Nil when the text is empty, or unknown to a table that has no *other*.
    public func value(_ text: String) -> CodedValue? {
        if let code = code(for: text) { return CodedValue(code: code) }
        let text = Spelling.line(text)
        guard let other, !text.isEmpty else { return nil }
        return CodedValue(code: other, text: text)
    }

    /// What a reader is shown for a value: its text if it has one, its label if not.
    public func label(of value: CodedValue) -> String {
        value.text.isEmpty ? label(of: value.code) ?? "" : value.text
    }

    /// Spellings are compared in capitals, without spaces, dashes and leading zeros.
    private static func key(_ label: String) -> String {
        let compact = Spelling.compact(label)
        guard compact.utf8.first == UInt8(ascii: "0"), Spelling.isDigits(compact) else {
            return compact
        }
        return Int(compact).map(String.init) ?? compact
    }
}

/// A code of a table, and the text that it came from where the code does not say it all.
public struct CodedValue: Hashable, Sendable {
    /// The code.
    public let code: Int
    /// What was entered, when the code is *other*; empty when the code says everything.
    public let text: String

    /// Creates a value from a code and, where the code is *other*, the text.
    public init(code: Int, text: String = "") {
        self.code = code
        self.text = text
    }
}
