import SyncClient
import SyncProtocol

/// Records and changes to keep.
enum Sample {
    static let noon: Int64 = 1_767_268_800_000
    static let epoch = Epoch(rawValue: 7)
    static let harbour = area("330921101")
    static let hill = area("330921102")

    static func area(_ digits: String) -> AreaCode {
        guard let area = AreaCode(digits) else { preconditionFailure("\(digits) is no area") }
        return area
    }

    static func id(_ number: UInt8) -> RecordID {
        let bytes = [number] + [UInt8](repeating: 0xAB, count: 15)
        guard let id = RecordID(bytes: bytes) else { preconditionFailure("16 bytes are an id") }
        return id
    }

    /// A person as a device sees one.
    static func person(
        _ number: UInt8,
        _ name: String,
        remark: String = "",
        areas: Set<AreaCode> = []
    ) -> LocalRecord {
        var record = LocalRecord(id: id(number), type: Person.recordType.number)
        record.visible =
            Person {
                $0.name = name
                $0.remark = remark
            }.fieldMap
        record.areas = areas
        return record
    }

    /// A device that is enrolled.
    static let profile = DeviceProfile(
        server: "http://server.test:8080",
        fingerprint: "",
        keySeed: [],
        identityKey: [],
        name: "林小梅",
        certificate: "",
        grant: Grant(number: 1, areas: [harbour]),
        epoch: epoch
    )

    /// An unanswered change.
    static func change(_ sequence: UInt64, of record: RecordID) -> OutboxEntry {
        OutboxEntry(
            sequence: SequenceNumber(rawValue: sequence),
            record: record,
            payload: [1, 2, UInt8(sequence)],
            chain: [UInt8](repeating: UInt8(sequence), count: 32)
        )
    }

    static func outcome(
        _ sequence: UInt64,
        _ kind: Outcome.Kind,
        revision: UInt64 = 0
    ) -> Outcome {
        Outcome(
            sequence: SequenceNumber(rawValue: sequence),
            kind: kind,
            revision: Revision(rawValue: revision)
        )
    }
}
