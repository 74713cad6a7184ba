import SyncProtocol
import SyncServer

/// The devices, records and changes that the stories are about.
enum Sample {
    static let epoch = Epoch(rawValue: 1_767_225_600_000)
    /// The moment at which the stories begin, in milliseconds since 1970.
    static let noon: Int64 = 1_767_268_800_000
    static let gaoting = area("330921101")
    static let dongsha = area("330921102")

    static func area(_ digits: String) -> AreaCode {
        guard let area = AreaCode(digits) else { preconditionFailure("\(digits) is no area") }
        return area
    }

    static func deviceID(_ number: UInt8) -> DeviceID {
        guard let id = DeviceID(bytes: [UInt8](repeating: number, count: 16)) else {
            preconditionFailure("16 bytes make a device id")
        }
        return id
    }

    static func record(_ number: UInt8) -> RecordID {
        RecordID(derivedFrom: [UInt8](repeating: number, count: 16))
    }

    static func device(_ number: UInt8) -> StoredDevice {
        StoredDevice(
            id: deviceID(number),
            publicKey: [UInt8](repeating: number, count: 32),
            name: "设备\(number)",
            grants: [Grant(number: 1, areas: [gaoting])],
            chain: [UInt8](repeating: 0, count: 32),
            enrolledAt: noon + Int64(number),
            software: "test/1"
        )
    }

    /// A person that the first device captured.
    static func state(_ number: UInt8, name: String = "张三") -> RecordState {
        var change = Change(
            record: record(number),
            type: Person.recordType.number,
            base: .none,
            observedAt: noon
        )
        change.fields =
            Person {
                $0.name = name
                $0.phones = ["13800000001"]
            }.fieldMap
        return merged(change, by: 1, into: nil)
    }

    /// A person that two devices wrote to, with stamps of every kind: of fields, elements, a deletion.
    static func workedState(_ number: UInt8) -> RecordState {
        var edit = Change(
            record: record(number),
            type: Person.recordType.number,
            base: Base(epoch: epoch, revision: Revision(rawValue: 1)),
            observedAt: noon + 60_000
        )
        edit.fields =
            Person {
                $0.remark = "夜班"
                $0.phones = ["13800000002"]
            }.fieldMap
        let edited = merged(edit, by: 2, into: state(number))
        var deletion = edit
        deletion.fields = FieldMap()
        deletion.base = Base(epoch: epoch, revision: edited.revision)
        deletion.deletion = Change.Deletion(reason: 2, text: "重复")
        return merged(deletion, by: 2, into: edited)
    }

    private static func merged(
        _ change: Change,
        by device: UInt8,
        into standing: RecordState?
    ) -> RecordState {
        merge(
            change,
            by: Author(device: deviceID(device), name: "林小梅"),
            into: standing,
            of: Person.recordType,
            epoch: epoch
        ).record
    }

    static func change(
        _ sequence: UInt64,
        of device: UInt8 = 1,
        to record: RecordID? = nil,
        _ kind: Outcome.Kind = .applied
    ) -> StoredChange {
        StoredChange(
            device: deviceID(device),
            sequence: SequenceNumber(rawValue: sequence),
            record: record,
            payload: [1, 2, UInt8(truncatingIfNeeded: sequence)],
            hash: [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 32),
            outcome: Outcome(sequence: SequenceNumber(rawValue: sequence), kind: kind),
            receivedAt: noon + Int64(sequence),
            epoch: epoch
        )
    }
}

extension StoreTransaction {
    /// Keeps a record and puts it at the next position of some areas.
    func place(_ state: RecordState, in areas: [AreaCode]) throws {
        try place(
            state,
            at: areas.map { Placement(area: $0, position: try takePositions(in: $0, count: 1)) }
        )
    }

    /// Puts a record where it was given a place.
    func place(_ state: RecordState, at placements: [Placement]) throws {
        let record = StoredRecord(state: state, placements: placements, openConflicts: 0)
        try save([RecordWrite(record: record)])
        for placement in placements {
            try put(
                FeedMove(
                    id: state.id,
                    area: placement.area,
                    from: nil,
                    to: placement.position,
                    isDeparture: false
                )
            )
        }
    }

    /// Keeps one of everything.
    func keepOneOfEverything() throws {
        try set([1, 2, 3], for: .serverKey)
        try save(Sample.device(1))
        try save(
            Enrolment(
                codeHash: [7],
                name: "林小梅",
                areas: [Sample.gaoting],
                expiresAt: Sample.noon
            )
        )
        try place(Sample.state(1), in: [Sample.gaoting])
        try append(Sample.change(1, to: Sample.record(1)), effects: [])
        try save(Sample.conflict(of: 1))
    }

    /// Moves a record to the next position of an area, or lets it leave there.
    func move(
        _ record: UInt8,
        in area: AreaCode,
        from: UInt64?,
        leaving: Bool = false
    ) throws {
        let position = try takePositions(in: area, count: 1)
        try put(
            FeedMove(
                id: Sample.record(record),
                area: area,
                from: from.map { Position(rawValue: $0) },
                to: position,
                isDeparture: leaving
            )
        )
    }
}

extension Sample {
    /// A conflict over the name of a record that has no number yet.
    static func conflict(
        of number: UInt8,
        revision: UInt64 = 2,
        isOpen: Bool = true,
        impact: UInt32 = 0
    ) -> ConflictEntry {
        let side = Conflict.Side(values: FieldMap(), device: deviceID(1), time: noon)
        let conflict = Conflict(
            kind: .field,
            fields: [1],
            policy: .review,
            isOpen: isOpen,
            standing: side,
            proposed: side,
            proposedWon: false
        )
        let base = Base(epoch: Epoch(rawValue: 1), revision: Revision(rawValue: revision))
        var entry = ConflictEntry(conflict, of: record(number), type: 1, at: base, metAt: noon)
        entry.impact = impact
        return entry
    }
}
