internal import Foundation
internal import SyncProtocol
internal import SyncServer

extension PostgresTransaction {
    private static let deviceColumns = """
        id, public_key, name, department, grants, high_water, chain, enrolled_at, last_contact,
        clock_offset, software, forked_at, last_grant, backed_up, holes, claimed, last_epoch,
        pending, suspended_at, revoked, succession, vector, announced
        """

    func device(_ id: DeviceID) throws -> StoredDevice? {
        let found = try rows(
            "SELECT \(Self.deviceColumns) FROM device WHERE id = $1 \(locking)",
            .device(id)
        )
        if isWriting {
            if found.count == 0 { missingDevices.insert(id) } else { heldDevices.insert(id) }
        }
        let device = try found.first.map(StoredDevice.init(row:))
        gathered.read(device)
        return device
    }

    func devices() throws -> [StoredDevice] {
        try rows("SELECT \(Self.deviceColumns) FROM device ORDER BY number")
            .map(StoredDevice.init(row:))
    }

    func save(_ device: StoredDevice) throws {
        gathered.kept(device)
        if heldDevices.contains(device.id) { return try update(device) }
        // What was missing must still be: two daemons may enrol it at the same moment.
        let isNew = missingDevices.remove(device.id) != nil
        try insert(device, orReplace: !isNew)
        heldDevices.insert(device.id)
    }

    /// What of a device may change, each column with its value.
    private static func changing(of device: StoredDevice) throws -> [(String, Parameter)] {
        [
            ("name", .text(device.name)),
            ("department", .text(device.department)),
            ("grants", .text(try WrittenGrants.json(device.grants))),
            ("high_water", .int(device.highWater.rawValue.signed)),
            ("chain", .bytes(device.chain)),
            ("last_contact", .int(device.lastContact)),
            ("clock_offset", .int(device.clockOffset)),
            ("software", .text(device.software)),
            ("forked_at", .int(device.forkedAt)),
            ("last_grant", .int(device.lastGrant.signed)),
            ("backed_up", .int(device.backedUp.rawValue.signed)),
            ("holes", .text(try text(device.holes))),
            ("claimed", .text(try device.claimed.map(text))),
            ("last_epoch", .int(device.lastEpoch.rawValue.signed)),
            ("pending", .int(device.pending.signed)),
            ("suspended_at", .int(device.suspendedAt)),
            ("revoked", .text(try device.revoked.map(text))),
            (
                "succession",
                .text(device.succession == Succession() ? nil : try text(device.succession))
            ),
            ("vector", .bytes(device.vector)),
            ("announced", .int(device.announced.signed)),
        ]
    }

    private func update(_ device: StoredDevice) throws {
        let changing = try Self.changing(of: device)
        let columns = changing.enumerated().map { "\($1.0) = $\($0 + 2)" }
        queue(
            "UPDATE device SET \(columns.joined(separator: ", ")) WHERE id = $1",
            [.device(device.id)] + changing.map(\.1)
        )
    }

    private func insert(_ device: StoredDevice, orReplace: Bool) throws {
        let changing = try Self.changing(of: device)
        let all: [(String, Parameter)] =
            [
                ("id", .device(device.id)), ("public_key", .bytes(device.publicKey)),
                ("enrolled_at", .int(device.enrolledAt)),
            ] + changing
        let columns = all.map(\.0).joined(separator: ", ")
        let marks = all.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let replaced = changing.map { "\($0.0) = excluded.\($0.0)" }.joined(separator: ", ")
        queue(
            "INSERT INTO device (\(columns)) VALUES (\(marks))"
                + (orReplace ? " ON CONFLICT (id) DO UPDATE SET \(replaced)" : ""),
            all.map(\.1)
        )
    }

    func enrolment(codeHash: [UInt8]) throws -> Enrolment? {
        try rows(
            """
            SELECT name, areas, department, expires_at, used_by, role, scope FROM enrolment
            WHERE code_hash = $1 \(locking)
            """,
            .bytes(codeHash)
        ).first.map { row in
            Enrolment(
                codeHash: codeHash,
                name: row.text(0),
                areas: try JSONDecoder().decode([AreaCode].self, from: Data(row.bytes(1))),
                department: row.optionalText(2),
                role: Role(rawValue: row.text(5)) ?? .coordinator,
                scope: try row.optionalBytes(6).map {
                    try JSONDecoder().decode(GrantScope.self, from: Data($0))
                },
                expiresAt: row.int(3) ?? 0,
                usedBy: row.device(4)
            )
        }
    }

    func save(_ enrolment: Enrolment) throws {
        queue(
            """
            INSERT INTO enrolment
                (code_hash, name, areas, department, expires_at, used_by, role, scope)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (code_hash) DO UPDATE SET
                used_by = excluded.used_by, expires_at = excluded.expires_at
            """,
            .bytes(enrolment.codeHash),
            .text(enrolment.name),
            .text(try Self.text(enrolment.areas)),
            .text(enrolment.department),
            .int(enrolment.expiresAt),
            .device(enrolment.usedBy),
            .text(enrolment.role.rawValue),
            .text(try enrolment.scope.map(Self.text))
        )
    }

    private static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

extension StoredDevice {
    fileprivate init(row: Row) throws {
        guard let id = row.device(0) else { throw PostgresFailure.damaged }
        let decoder = JSONDecoder()
        func decoded<T: Decodable>(_ type: T.Type, _ column: Int) throws -> T? {
            try row.optionalBytes(column).map { try decoder.decode(type, from: Data($0)) }
        }
        self.init(
            id: id,
            publicKey: row.bytes(1),
            name: row.text(2),
            department: row.optionalText(3),
            grants: try WrittenGrants.grants(row.text(4)),
            chain: row.bytes(6),
            enrolledAt: row.int(7) ?? 0,
            software: row.text(10)
        )
        highWater = SequenceNumber(rawValue: row.unsigned(5))
        lastContact = row.int(8)
        clockOffset = row.int(9) ?? 0
        forkedAt = row.int(11)
        lastGrant = row.unsigned(12)
        backedUp = SequenceNumber(rawValue: row.unsigned(13))
        holes = try decoded([Hole].self, 14) ?? []
        claimed = try decoded(Grant.self, 15)
        lastEpoch = Epoch(rawValue: row.unsigned(16))
        pending = row.unsigned(17)
        suspendedAt = row.int(18)
        revoked = try decoded(Revoked.self, 19)
        succession = try decoded(Succession.self, 20) ?? Succession()
        vector = row.optionalBytes(21)
        announced = row.unsigned(22)
    }
}
