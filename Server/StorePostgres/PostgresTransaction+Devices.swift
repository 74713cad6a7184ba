internal import Foundation
internal import SyncProtocol
internal import SyncServer

extension PostgresTransaction {
    private static let deviceColumns = """
        id, public_key, name, department, grants, high_water, chain, enrolled_at, last_contact,
        clock_offset, software, forked_at, last_grant, backed_up, holes, claimed, last_epoch,
        pending, suspended_at, revoked
        """

    func device(_ id: DeviceID) throws -> StoredDevice? {
        let found = try rows(
            "SELECT \(Self.deviceColumns) FROM device WHERE id = $1 \(locking)",
            .device(id)
        )
        if isWriting {
            if found.count == 0 { missingDevices.insert(id) } else { heldDevices.insert(id) }
        }
        return try found.first.map(StoredDevice.init(row:))
    }

    func devices() throws -> [StoredDevice] {
        try rows("SELECT \(Self.deviceColumns) FROM device ORDER BY number")
            .map(StoredDevice.init(row:))
    }

    func save(_ device: StoredDevice) throws {
        if heldDevices.contains(device.id) { return try update(device) }
        // What was missing must still be: two daemons may enrol it at the same moment.
        let isNew = missingDevices.remove(device.id) != nil
        insert(device, orReplace: !isNew, try Self.json(of: device))
        heldDevices.insert(device.id)
    }

    private static let changing = [
        "name", "department", "grants", "high_water", "chain", "last_contact", "clock_offset",
        "software",
        "forked_at", "last_grant", "backed_up", "holes", "claimed", "last_epoch", "pending",
        "suspended_at", "revoked",
    ]

    private func update(_ device: StoredDevice) throws {
        let json = try Self.json(of: device)
        let columns = Self.changing.enumerated().map { "\($1) = $\($0 + 2)" }
        queue(
            "UPDATE device SET \(columns.joined(separator: ", ")) WHERE id = $1",
            .device(device.id),
            .text(device.name),
            .text(device.department),
            .text(json.grants),
            .int(device.highWater.rawValue.signed),
            .bytes(device.chain),
            .int(device.lastContact),
            .int(device.clockOffset),
            .text(device.software),
            .int(device.forkedAt),
            .int(device.lastGrant.signed),
            .int(device.backedUp.rawValue.signed),
            .text(json.holes),
            .text(json.claimed),
            .int(device.lastEpoch.rawValue.signed),
            .int(device.pending.signed),
            .int(device.suspendedAt),
            .text(json.revoked)
        )
    }

    private func insert(_ device: StoredDevice, orReplace: Bool, _ json: Documents) {
        let columns = Self.changing.map { "\($0) = excluded.\($0)" }
        let replacing = " ON CONFLICT (id) DO UPDATE SET \(columns.joined(separator: ", "))"
        queue(
            """
            INSERT INTO device (\(Self.deviceColumns)) VALUES
                ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
            """ + (orReplace ? replacing : ""),
            .device(device.id),
            .bytes(device.publicKey),
            .text(device.name),
            .text(device.department),
            .text(json.grants),
            .int(device.highWater.rawValue.signed),
            .bytes(device.chain),
            .int(device.enrolledAt),
            .int(device.lastContact),
            .int(device.clockOffset),
            .text(device.software),
            .int(device.forkedAt),
            .int(device.lastGrant.signed),
            .int(device.backedUp.rawValue.signed),
            .text(json.holes),
            .text(json.claimed),
            .int(device.lastEpoch.rawValue.signed),
            .int(device.pending.signed),
            .int(device.suspendedAt),
            .text(json.revoked)
        )
    }

    func enrolment(codeHash: [UInt8]) throws -> Enrolment? {
        try rows(
            """
            SELECT name, areas, department, expires_at, used_by, role FROM enrolment
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
                expiresAt: row.int(3) ?? 0,
                usedBy: row.device(4)
            )
        }
    }

    func save(_ enrolment: Enrolment) throws {
        queue(
            """
            INSERT INTO enrolment (code_hash, name, areas, department, expires_at, used_by, role)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (code_hash) DO UPDATE SET used_by = excluded.used_by
            """,
            .bytes(enrolment.codeHash),
            .text(enrolment.name),
            .text(try Self.text(enrolment.areas)),
            .text(enrolment.department),
            .int(enrolment.expiresAt),
            .device(enrolment.usedBy),
            .text(enrolment.role.rawValue)
        )
    }

    /// What of a device is kept in JSON.
    private struct Documents {
        var grants: String
        var holes: String
        var claimed: String?
        var revoked: String?
    }

    private static func json(of device: StoredDevice) throws -> Documents {
        Documents(
            grants: try text(device.grants),
            holes: try text(device.holes),
            claimed: try device.claimed.map(text),
            revoked: try device.revoked.map(text)
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
            grants: try decoded([Grant].self, 4) ?? [],
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
    }
}
