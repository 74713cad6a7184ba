import SyncProtocol

/// The places, moments and people that the stories are about.
enum Sample {
    /// The moment at which the stories begin, in milliseconds since 1970.
    static let noon: Int64 = 1_767_268_800_000
    static let minute: Int64 = 60_000
    static let year: Int64 = 365 * 86_400_000

    static let province = area("33")
    static let harbour = area("330921101")
    static let hill = area("330921102")

    static func area(_ digits: String) -> AreaCode {
        guard let area = AreaCode(digits) else { preconditionFailure("\(digits) is no area") }
        return area
    }

    /// A person who shows a passport; the same number is the same person.
    static func person(
        _ name: String = "张三",
        passport number: String = "E00000001",
        in areas: [AreaCode] = [harbour]
    ) -> Person {
        Person {
            $0.name = name
            $0.sex = .male
            $0.documentType = .passport
            $0.documentNumber = number
            $0.capturedIn = areas.map(\.rawValue)
        }
    }

    /// A place where people live.
    static func dwelling(_ address: String, in area: AreaCode = harbour) -> Dwelling {
        Dwelling {
            $0.address = address
            $0.area = area.rawValue
            $0.kind = .rented
        }
    }

    /// Somebody lives somewhere.
    static func registration(
        of person: RecordID,
        at dwelling: RecordID,
        in area: AreaCode = harbour
    ) -> Registration {
        Registration {
            $0.person = person.reference
            $0.dwelling = dwelling.reference
            $0.area = area.rawValue
            $0.reportedOn = 2026_01_01
        }
    }
}
