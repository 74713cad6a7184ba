public import SyncProtocol

/// The records that a row of a ledger makes: a person, a dwelling, and the person's registration there.
public struct LedgerRecords: Sendable {
    /// The person.
    public let person: Person
    /// The dwelling.
    public let dwelling: Dwelling
    /// The registration, as yet without the ids of the two.
    public let registration: Registration

    /// The records of an accepted row.
    public init(_ entry: LedgerEntry) {
        person = Self.person(entry)
        dwelling = Self.dwelling(entry)
        registration = Self.registration(entry)
    }

    /// The registration, referring to the person and the dwelling by their ids.
    public func registration(person: RecordID, dwelling: RecordID) -> Registration {
        var registration = registration
        registration.person = person.reference
        registration.dwelling = dwelling.reference
        return registration
    }

    private static func person(_ entry: LedgerEntry) -> Person {
        Person {
            $0.name = entry.name
            $0.sex = .init(rawValue: entry.sex.rawValue) ?? .unspecified
            $0.documentType = DocumentType(rawValue: entry.documentKind.rawValue) ?? .other
            $0.documentText = entry.documentKindText
            $0.documentNumber = entry.documentNumber
            $0.birthDate = entry.birthDate?.rawValue ?? 0
            $0.ethnicity =
                entry.ethnicity.map { .init(rawValue: $0.code) ?? .other } ?? .unspecified
            $0.ethnicityText = entry.ethnicity?.text ?? ""
            $0.education =
                entry.education.map { .init(rawValue: $0.code) ?? .other } ?? .unspecified
            $0.educationText = entry.education?.text ?? ""
            $0.maritalStatus =
                entry.maritalStatus.map { .init(rawValue: $0.code) ?? .unstated } ?? .unspecified
            $0.maritalText = entry.maritalStatus?.text ?? ""
            $0.politicalStatus =
                entry.politicalStatus.map { .init(rawValue: $0.code) ?? .other } ?? .unspecified
            $0.politicalText = entry.politicalStatus?.text ?? ""
            $0.originCounty = entry.originCounty
            $0.originAddress = entry.originAddress
            $0.phones = entry.phones
            $0.capturedIn = [entry.areaCode]
        }
    }

    private static func dwelling(_ entry: LedgerEntry) -> Dwelling {
        Dwelling {
            $0.address = entry.address
            $0.area = entry.areaCode
            $0.village = entry.village
            $0.kind = DwellingKind(rawValue: entry.dwellingKind.code) ?? .other
            $0.kindText = entry.dwellingKind.text
            $0.landlordName = entry.landlordName
            $0.landlordPhone = entry.landlordPhone
        }
    }

    private static func registration(_ entry: LedgerEntry) -> Registration {
        Registration {
            $0.area = entry.areaCode
            $0.arrivedOn = entry.arrivedOn?.rawValue ?? 0
            $0.reportedOn = entry.reportedOn.rawValue
            $0.reason = entry.reason.map { .init(rawValue: $0.code) ?? .other } ?? .unspecified
            $0.reasonText = entry.reason?.text ?? ""
            $0.employer = entry.employer
            $0.remark = entry.remark
        }
    }
}
