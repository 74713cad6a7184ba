import SyncProtocol

/// The people, devices and moments that the stories are about.
enum Sample {
    /// The server's epoch.
    static let epoch = Epoch(rawValue: 1_767_225_600_000)
    /// The moment at which the stories begin, in milliseconds since 1970.
    static let noon: Int64 = 1_767_268_800_000

    static let lin = author(1, "林小梅")
    static let chen = author(2, "陈建国")
    static let hu = author(3, "胡敏")
    static let wu = author(4, "吴海")
    static let housing = author(5, "住建局", department: "住建")
    static let housingToo = author(6, "住建所", department: "住建")
    static let insurance = author(7, "人社局", department: "人力社保")
    static let school = author(8, "教育局", department: "教育")

    static let coordinators = [lin, chen, hu, wu]

    static func author(_ number: UInt8, _ name: String, department: String? = nil) -> Author {
        Author(device: device(number), name: name, department: department)
    }

    static func device(_ number: UInt8) -> DeviceID {
        guard let id = DeviceID(bytes: [UInt8](repeating: number, count: 16)) else {
            preconditionFailure("16 bytes make a device id")
        }
        return id
    }

    static func record(_ number: UInt8) -> RecordID {
        RecordID(derivedFrom: [UInt8](repeating: number, count: 16))
    }

    static func area(_ digits: String) -> AreaCode {
        guard let area = AreaCode(digits) else { preconditionFailure("\(digits) is no area") }
        return area
    }
}

/// The fields of a person.
func person(_ fill: (inout Person) -> Void) -> FieldMap {
    var message = Person()
    fill(&message)
    return message.fieldMap
}

/// The fields of a dwelling.
func dwelling(_ fill: (inout Dwelling) -> Void) -> FieldMap {
    var message = Dwelling()
    fill(&message)
    return message.fieldMap
}

/// The fields of a registration.
func registration(_ fill: (inout Registration) -> Void) -> FieldMap {
    var message = Registration()
    fill(&message)
    return message.fieldMap
}

/// The fields of an employment.
func employment(_ fill: (inout Employment) -> Void) -> FieldMap {
    var message = Employment()
    fill(&message)
    return message.fieldMap
}

/// The bytes of a message written by hand.
func handwritten(_ write: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes: [UInt8] = []
    write(&bytes)
    return bytes
}
