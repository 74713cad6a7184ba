/// A column of a ledger 台账.
public enum LedgerColumn: Int, CaseIterable, Sendable {
    /// A running number, which nothing is made of.
    case serial
    /// The person's name.
    case name
    /// The person's sex.
    case sex
    /// The person's ethnicity.
    case ethnicity
    /// The kind of identity document.
    case documentKind
    /// The number of the identity document.
    case documentNumber
    /// The birth date, for documents whose number does not carry it.
    case birthDate
    /// The person's education.
    case education
    /// The person's marital status.
    case maritalStatus
    /// The person's political status.
    case politicalStatus
    /// The county of registered residence, as a code.
    case originCounty
    /// The address of registered residence.
    case originAddress
    /// The township or village of the dwelling, as a code.
    case area
    /// The village or community of the dwelling, by name.
    case village
    /// The dwelling's address.
    case address
    /// The kind of dwelling.
    case dwellingKind
    /// The landlord's name.
    case landlordName
    /// The landlord's telephone number.
    case landlordPhone
    /// The person's telephone numbers.
    case phones
    /// Why the person lives here.
    case reason
    /// The person's employer.
    case employer
    /// The day of arrival.
    case arrivedOn
    /// The day of reporting, from which residence counts.
    case reportedOn
    /// Remarks.
    case remark

    /// The columns that a header must have, since no row is accepted without them.
    public static let required: [LedgerColumn] = [
        .name, .sex, .documentKind, .documentNumber, .area, .address, .dwellingKind, .reportedOn,
    ]

    /// The two columns that ``RefusedRowsWriter`` adds, and that reading passes over.
    static let addedToRefusedRows = ["错误代码", "错误说明"]

    /// The column's own heading, in Chinese.
    public var heading: String { headings.first ?? "" }

    /// The column that a heading means, or nil when it means none.
    ///
    /// Spaces, full-width brackets and marks of a required column are spelling.
    public init?(heading: String) {
        guard let column = Self.columnsByHeading[Self.key(heading)] else { return nil }
        self = column
    }

    private static let columnsByHeading: [String: LedgerColumn] = {
        var columns: [String: LedgerColumn] = [:]
        for column in allCases {
            for heading in column.headings { columns[key(heading)] = column }
        }
        return columns
    }()

    private static func key(_ heading: String) -> String {
        var key = Spelling.compact(heading)
        key.removeAll { "*:_\"'#".contains($0) }
        for mark in ["(必填)", "(选填)", "必填"] where key.hasSuffix(mark) {
            key.removeLast(mark.count)
        }
        return key
    }
}
