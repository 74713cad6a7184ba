/// An accepted row of a ledger, as normalized values.
///
/// Two rows that differ in spelling alone give equal values, but for their row numbers. Texts
/// that the ledger leaves empty are empty; codes and dates that it leaves empty are nil.
public struct LedgerEntry: Hashable, Sendable {
    /// The row number, as a spreadsheet counts.
    public var row: Int
    /// The person's name.
    public var name: String
    /// The person's sex.
    public var sex: Sex
    /// The ethnicity, by ``CodeTables/ethnicity``.
    public var ethnicity: CodedValue?
    /// The kind of identity document.
    public var documentKind: DocumentKind
    /// The document's name, when its kind is *other*; empty otherwise.
    public var documentKindText: String
    /// The normalized number of the document; with the kind, the person's identity.
    public var documentNumber: String
    /// The birth date, from the document's number where it carries one.
    public var birthDate: CalendarDate?
    /// The education, by ``CodeTables/education``.
    public var education: CodedValue?
    /// The marital status, by ``CodeTables/maritalStatus``.
    public var maritalStatus: CodedValue?
    /// The political status, by ``CodeTables/politicalStatus``.
    public var politicalStatus: CodedValue?
    /// The six-digit code of the county of registered residence, or empty.
    public var originCounty: String
    /// The address of registered residence.
    public var originAddress: String
    /// The code of the township or village where the dwelling stands.
    public var areaCode: String
    /// The name of the village or community.
    public var village: String
    /// The dwelling's address.
    public var address: String
    /// The kind of dwelling, by ``CodeTables/dwellingKind``.
    public var dwellingKind: CodedValue
    /// The landlord's name.
    public var landlordName: String
    /// The landlord's telephone number, the first where there are several.
    public var landlordPhone: String
    /// The person's telephone numbers.
    public var phones: [String]
    /// Why the person lives here, by ``CodeTables/reason``.
    public var reason: CodedValue?
    /// The employer's name.
    public var employer: String
    /// The day of arrival.
    public var arrivedOn: CalendarDate?
    /// The day of reporting, from which residence counts.
    public var reportedOn: CalendarDate
    /// Remarks, with their line ends, and a landlord's further telephone numbers.
    public var remark: String
}

extension LedgerEntry: CustomStringConvertible, CustomReflectable {
    /// The row number alone: entries hold personal data, and descriptions end up in logs.
    public var description: String { "row \(row)" }
    /// No more than the description tells.
    public var customMirror: Mirror { Mirror(self, children: ["row": row]) }
}
