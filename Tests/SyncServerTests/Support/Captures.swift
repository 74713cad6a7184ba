import SyncProtocol

/// Two townships of one county, and one of another.
enum Town {
    static let gaoting = "330921101"
    static let dongsha = "330921102"
    static let caiyuan = "330922101"
    static let county = "330921"
}

func area(_ digits: String) -> AreaCode {
    guard let area = AreaCode(digits) else { preconditionFailure("\(digits) is no area") }
    return area
}

/// A record's id by a small number.
func id(_ number: UInt8) -> RecordID {
    RecordID(derivedFrom: [UInt8](repeating: number, count: 16))
}

/// A whole person.
func person(_ name: String = "王芳", in towns: String...) -> Person {
    Person {
        $0.name = name
        $0.sex = .female
        $0.documentType = .residentID
        $0.documentNumber = "34011119701005450X"
        $0.capturedIn = towns
    }
}

/// A whole dwelling.
func dwelling(_ address: String = "人民路1号", in town: String) -> Dwelling {
    Dwelling {
        $0.address = address
        $0.area = town
        $0.kind = .rented
    }
}

/// A whole registration.
func registration(
    of person: RecordID,
    at dwelling: RecordID,
    in town: String
) -> Registration {
    Registration {
        $0.person = person.reference
        $0.dwelling = dwelling.reference
        $0.area = town
        $0.reportedOn = 20_260_410
    }
}

/// The end of a registration.
func ended(on day: Int32 = 20_260_501) -> Registration {
    Registration {
        $0.endedOn = day
        $0.endReason = .movedAway
    }
}

/// A whole employment.
func employment(of person: RecordID) -> Employment {
    Employment {
        $0.person = person.reference
        $0.kind = .labourContract
        $0.startedOn = 20_260_301
    }
}

/// A whole visit.
func visit(to dwelling: RecordID) -> Visit {
    Visit {
        $0.dwelling = dwelling.reference
        $0.visitedAt = 1_767_268_800_000
    }
}
