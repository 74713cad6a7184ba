import SyncProtocol
import SyncServer
import Testing

struct DevicesTests {
    @Test(arguments: StoreKind.available)
    func `a setting is what was last kept under its name`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            try await store.write { transaction in
                try transaction.set([1], for: .epoch)
                try transaction.set([2], for: .serverKey)
            }
            try await store.write { try $0.set([0, 255], for: .epoch) }

            try await store.read { transaction in
                try #expect(transaction.setting(.epoch) == [0, 255])
                try #expect(transaction.setting(.serverKey) == [2])
                try #expect(transaction.setting(.publicURL) == nil)
            }
        }
    }

    @Test(arguments: StoreKind.available)
    func `a device comes back with all that is known of it`(in kind: StoreKind) async throws {
        let device = Self.worked(Sample.device(1))

        try await kind.withStore { store, _ in
            try await store.write { try $0.save(device) }

            let found = try await store.read { try $0.device(Sample.deviceID(1)) }
            let unknown = try await store.read { try $0.device(Sample.deviceID(2)) }
            #expect(found == device)
            #expect(unknown == nil)
        }
    }

    @Test(arguments: StoreKind.available)
    func `a device that is kept again replaces what was known of it`(
        in kind: StoreKind
    ) async throws {
        let device = Self.worked(Sample.device(1))

        try await kind.withStore { store, _ in
            try await store.write { try $0.save(Sample.device(1)) }
            try await store.write { try $0.save(device) }

            let devices = try await store.read { try $0.devices() }
            #expect(devices == [device])
        }
    }

    @Test(arguments: StoreKind.available)
    func `devices are listed in the order of their enrolment`(in kind: StoreKind) async throws {
        try await kind.withStore { store, _ in
            for number: UInt8 in [3, 1, 2] {
                try await store.write { try $0.save(Sample.device(number)) }
            }
            try await store.write { try $0.save(Self.worked(Sample.device(3))) }

            let ids = try await store.read { try $0.devices().map(\.id) }
            #expect(ids == [3, 1, 2].map { Sample.deviceID($0) })
        }
    }

    @Test(arguments: StoreKind.available)
    func `an enrolment is found by its code's hash, before and after its use`(
        in kind: StoreKind
    ) async throws {
        let expected = Enrolment(
            codeHash: [1, 2, 3],
            name: "高亭 林小梅",
            areas: [Sample.gaoting, Sample.dongsha],
            department: "住建",
            role: .department,
            scope: try GrantScope(types: ["dwelling"], fields: ["person.sex"]),
            expiresAt: Sample.noon
        )
        let used = Self.used(expected)

        try await kind.withStore { store, _ in
            try await store.write { try $0.save(expected) }
            let before = try await store.read { try $0.enrolment(codeHash: [1, 2, 3]) }
            let unknown = try await store.read { try $0.enrolment(codeHash: [1, 2]) }
            try await store.write { try $0.save(used) }
            let after = try await store.read { try $0.enrolment(codeHash: [1, 2, 3]) }

            #expect(before == expected)
            #expect(unknown == nil)
            #expect(after == used)
        }
    }

    private static func used(_ enrolment: Enrolment) -> Enrolment {
        var enrolment = enrolment
        enrolment.usedBy = Sample.deviceID(1)
        enrolment.expiresAt = 0
        return enrolment
    }

    /// A device that everything is known of.
    private static func worked(_ device: StoredDevice) -> StoredDevice {
        var device = device
        device.name = "高亭 林小梅"
        device.department = "住建"
        device.grants.append(Grant(number: 2, areas: [Sample.gaoting, Sample.dongsha]))
        device.highWater = SequenceNumber(rawValue: 12_345)
        device.chain = [UInt8](repeating: 7, count: 32)
        device.lastContact = Sample.noon + 60_000
        device.clockOffset = -2_500
        device.software = "residence/2"
        device.forkedAt = Sample.noon + 61_000
        device.backedUp = SequenceNumber(rawValue: 12_000)
        device.holes = [
            Hole(
                first: SequenceNumber(rawValue: 3),
                last: SequenceNumber(rawValue: 9),
                chain: [UInt8](repeating: 3, count: 32)
            )
        ]
        device.claimed = Grant(number: 3, areas: [Sample.dongsha], role: .supervisor)
        device.lastEpoch = Sample.epoch
        device.pending = 17
        device.suspendedAt = Sample.noon + 62_000
        device.vector = [1, 2, 3]
        device.announced = 1_767_268_800_000
        device.succession.predecessor = device.id
        device.succession.kin = [device.id]
        device.succession.rekeyedAt = Sample.noon + 64_000
        device.revoked = StoredDevice.Revoked(at: Sample.noon + 63_000, takesOutbox: true)
        return device
    }
}
