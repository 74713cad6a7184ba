/// What a document's number tells about the person it was given to.
///
/// Whatever it tells, an entry may contradict. An empty entry contradicts nothing: the number
/// itself supplies what is missing.
public struct DocumentFacts: Hashable, Sendable {
    /// The sex, which only resident identity numbers tell.
    public let sex: Sex?
    /// The birth date, which resident identity numbers and the newer numbers of foreign
    /// permanent residents tell.
    public let birthDate: CalendarDate?

    /// Reads the number of a document; one that is not a number of its kind tells nothing.
    public init(number: String, kind: DocumentKind) {
        switch kind {
        case .residentID:
            let number = try? IdentityNumber(number)
            sex = number?.sex
            birthDate = number?.birthDate
        case .foreignPermanentResident:
            sex = nil
            birthDate = (try? IdentityNumber(number))?.birthDate
        case .passport, .hongKongMacauPermit, .taiwanPermit, .other:
            sex = nil
            birthDate = nil
        }
    }

    /// Whether an entered sex is not the one that the number tells.
    public func contradict(sex entered: Sex?) -> Bool {
        guard let sex, let entered else { return false }
        return sex != entered
    }

    /// Whether an entered birth date is not the one that the number tells.
    public func contradict(birthDate entered: CalendarDate?) -> Bool {
        guard let birthDate, let entered else { return false }
        return birthDate != entered
    }
}
