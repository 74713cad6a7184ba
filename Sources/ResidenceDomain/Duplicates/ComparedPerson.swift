internal import SyncProtocol

/// What is compared of a person, in few bytes: keys in place of texts.
struct ComparedPerson {
    /// The fields of `Person` that are compared, by their numbers in `records.proto`.
    private enum Field {
        static let name: UInt32 = 1
        static let documentType: UInt32 = 3
        static let documentNumber: UInt32 = 4
        static let birthDate: UInt32 = 5
        static let phones: UInt32 = 14
    }

    private static let fewestPhoneDigits = 7

    let id: RecordID
    /// The key of both together; `nil` where either is missing.
    let nameAndBirthDate: UInt64?
    let number: ComparedNumber?
    /// The phones' keys, each once.
    let phones: [UInt64]

    init(_ id: RecordID, _ fields: FieldMap) {
        self.id = id
        nameAndBirthDate = Self.key(
            name: fields.text(of: Field.name) ?? "",
            birthDate: fields.number(of: Field.birthDate)
        )
        number = ComparedNumber(
            fields.text(of: Field.documentNumber) ?? "",
            documentType: fields.number(of: Field.documentType)
        )
        phones = Array(Set(fields.texts(of: Field.phones).compactMap { Self.key(phone: $0) }))
    }

    /// Whether two people have a phone in common.
    func sharesPhone(with other: ComparedPerson) -> Bool {
        phones.contains { other.phones.contains($0) }
    }

    private static func key(name: String, birthDate: UInt64) -> UInt64? {
        let name = folded(name: name)
        guard !name.isEmpty, birthDate != 0 else { return nil }
        return LikenessKey.of("\(name)\n\(birthDate)".utf8)
    }

    /// A name as it is compared: one kind of dot, half-width, lower case, without any space.
    private static func folded(name: String) -> String {
        let name = Spelling.halfWidth(Spelling.personName(name))
        return String(name.unicodeScalars.filter { !Spelling.isSpace($0) }).lowercased()
    }

    private static func key(phone: String) -> UInt64? {
        let text = PhoneNumber.normalized(phone) ?? Spelling.halfWidth(phone)
        let digits = text.utf8.filter { Spelling.isDigit($0) }
        return digits.count >= fewestPhoneDigits ? LikenessKey.of(digits) : nil
    }
}
