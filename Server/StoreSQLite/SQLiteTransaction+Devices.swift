internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncProtocol
internal import SyncServer

extension SQLiteTransaction {
    private static let deviceColumns = """
        id, public_key, name, department, grants, high_water, chain, enrolled_at, last_contact,
        clock_offset, software, forked_at, last_grant, backed_up, holes, claimed, last_epoch,
        pending, suspended_at, revoked, succession, vector, announced
        """

    func device(_ id: DeviceID) throws -> StoredDevice? {
        let device = try row(
            "SELECT \(Self.deviceColumns) FROM device WHERE id = ?",
            [id.bytes]
        ).map(StoredDevice.init(row:))
        gathered.read(device)
        return device
    }

    func devices() throws -> [StoredDevice] {
        try rows("SELECT \(Self.deviceColumns) FROM device ORDER BY number")
            .map(StoredDevice.init(row:))
    }

    func save(_ device: StoredDevice) throws {
        gathered.kept(device)
        try run(
            """
            INSERT INTO device (\(Self.deviceColumns)) VALUES
                (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, department = excluded.department, grants = excluded.grants,
                high_water = excluded.high_water, chain = excluded.chain,
                last_contact = excluded.last_contact, clock_offset = excluded.clock_offset,
                software = excluded.software, forked_at = excluded.forked_at,
                last_grant = excluded.last_grant, backed_up = excluded.backed_up,
                holes = excluded.holes, claimed = excluded.claimed,
                last_epoch = excluded.last_epoch, pending = excluded.pending,
                suspended_at = excluded.suspended_at, revoked = excluded.revoked,
                succession = excluded.succession, vector = excluded.vector,
                announced = excluded.announced
            """,
            [
                device.id.bytes, device.publicKey, device.name, device.department,
                try WrittenGrants.json(device.grants), device.highWater.rawValue.signed,
                device.chain,
                device.enrolledAt, device.lastContact, device.clockOffset, device.software,
                device.forkedAt, device.lastGrant.signed, device.backedUp.rawValue.signed,
                device.holes.isEmpty ? "[]" : try Self.json(device.holes),
                try device.claimed.map(Self.json),
                device.lastEpoch.rawValue.signed, device.pending.signed, device.suspendedAt,
                try device.revoked.map(Self.json),
                device.succession == Succession() ? nil : try Self.json(device.succession),
                device.vector, device.announced.signed,
            ]
        )
    }

    func enrolment(codeHash: [UInt8]) throws -> Enrolment? {
        let row = try row(
            """
            SELECT name, areas, department, expires_at, used_by, role, scope FROM enrolment
            WHERE code_hash = ?
            """,
            [codeHash]
        )
        return try row.map { row in
            Enrolment(
                codeHash: codeHash,
                name: row[0],
                areas: try JSONDecoder().decode(
                    [AreaCode].self,
                    from: Data((row[1] as String).utf8)
                ),
                department: row[2],
                role: Role(rawValue: row[5]) ?? .coordinator,
                scope: try (row[6] as String?).map {
                    try JSONDecoder().decode(GrantScope.self, from: Data($0.utf8))
                },
                expiresAt: row[3],
                usedBy: (row[4] as [UInt8]?).flatMap { DeviceID(bytes: $0) }
            )
        }
    }

    func save(_ enrolment: Enrolment) throws {
        try run(
            """
            INSERT INTO enrolment
                (code_hash, name, areas, department, expires_at, used_by, role, scope)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (code_hash) DO UPDATE SET
                used_by = excluded.used_by, expires_at = excluded.expires_at
            """,
            [
                enrolment.codeHash, enrolment.name, try Self.json(enrolment.areas),
                enrolment.department, enrolment.expiresAt, enrolment.usedBy.map(\.bytes),
                enrolment.role.rawValue, try enrolment.scope.map(Self.json),
            ]
        )
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}

extension StoredDevice {
    fileprivate init(row: Row) throws {
        guard let id = DeviceID(bytes: row.bytes(0)) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a device's id is not one")
        }
        self.init(
            id: id,
            publicKey: row.bytes(1),
            name: row[2],
            department: row[3],
            grants: try WrittenGrants.grants(row[4]),
            chain: row.bytes(6),
            enrolledAt: row[7],
            software: row[10]
        )
        highWater = SequenceNumber(rawValue: row.unsigned(5))
        lastContact = row[8]
        clockOffset = row[9]
        forkedAt = row[11]
        lastGrant = row.unsigned(12)
        backedUp = SequenceNumber(rawValue: row.unsigned(13))
        let decoder = JSONDecoder()
        // Hardly any device has one, and every request asks.
        let gaps: String = row[14]
        if gaps != "[]" { holes = try decoder.decode([Hole].self, from: Data(gaps.utf8)) }
        claimed = try (row[15] as String?).map {
            try decoder.decode(Grant.self, from: Data($0.utf8))
        }
        lastEpoch = Epoch(rawValue: row.unsigned(16))
        pending = row.unsigned(17)
        suspendedAt = row[18]
        revoked = try (row[19] as String?).map {
            try decoder.decode(Revoked.self, from: Data($0.utf8))
        }
        announced = row.unsigned(22)
        vector = row[21]
        if let json = row[20] as String? {
            succession = try decoder.decode(Succession.self, from: Data(json.utf8))
        }
    }
}
