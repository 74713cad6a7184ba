internal import Foundation
internal import GRDB
internal import SQLiteRows
internal import SyncClient
internal import SyncProtocol
public import SyncTrust

extension LocalSQLiteStore {
    /// Whether what is personal is sealed [D-05].
    public var isSealed: Bool { vault.key != nil }

    /// Seals what is personal, all that is there included, and leaves nothing of it in free pages or logs.
    ///
    /// The secret is asked for only where there is anything to seal. Throws `device_sealed_already` and
    /// `secret_unfit`; then nothing was changed.
    public func seal(under secret: @autoclosure () throws -> DeviceSecret) async throws {
        guard !isSealed else {
            throw SyncError(
                "device_sealed_already",
                "本机数据已经加密 The device's data is sealed already",
                hint:
                    "用 residence passphrase change 更换口令。 `residence passphrase change` changes it."
            )
        }
        let secret = try secret()
        try await translating { try sealAtOnce(under: secret) }
    }

    /// The same in the caller's own thread.
    package func sealAtOnce(under secret: DeviceSecret) throws {
        let key = DataKey()
        let wrapped = try WrappedKey(key, under: secret)
        try database.write { database in
            let transaction = LocalSQLiteTransaction(database, key)
            try transaction.save(wrapped)
            try transaction.sealEverything()
        }
        vault.set(key)
        // What was there before lingers in the log and in pages that are free.
        try database.writeWithoutTransaction { database in
            _ = try database.checkpoint(.truncate)
            try database.execute(sql: "VACUUM")
            _ = try database.checkpoint(.truncate)
        }
    }

    /// Puts another secret in the place of the one that this database was opened with.
    ///
    /// Throws `secret_unfit` and `device_not_sealed`.
    public func change(secret: DeviceSecret) async throws {
        guard let key = vault.key else {
            throw SyncError(
                "device_not_sealed",
                "本机数据尚未加密 The device's data is not sealed",
                hint: "先运行 residence passphrase set。 Run `residence passphrase set` first."
            )
        }
        let wrapped = try WrappedKey(key, under: secret)
        try await translating {
            try await database.write { try LocalSQLiteTransaction($0).save(wrapped) }
            try await database.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
    }
}

extension DatabaseWriter {
    // > [D-07] A wrong secret is counted before it is tried. After five in a row, the next is heard after 30 seconds,
    // > twice as long with each, an hour at most. Nothing is ever erased for a wrong secret.
    fileprivate static var freeAttempts: Int { 5 }

    /// Opens the vault, where there is one; an unclean end is noted [G-04] as soon as anybody can.
    func unlock(_ vault: LocalVault, by unlocking: Unlocking?, wasCut: Bool) throws {
        let row = try read {
            try LocalSQLiteTransaction($0).row(
                "SELECT failures, failed_at, must_recount, json FROM vault"
            )
        }
        guard let row else {
            if wasCut { try write { try LocalSQLiteTransaction($0).noteRecount() } }
            return
        }
        if wasCut { try write { try $0.execute(sql: "UPDATE vault SET must_recount = 1") } }
        guard let unlocking else { throw SyncError.deviceLocked }
        let failures = row[0] as Int
        try Self.mayTry(after: failures, last: row[1], now: unlocking.now)
        try write {
            try $0.execute(
                sql: "UPDATE vault SET failures = ?, failed_at = ?",
                arguments: [failures + 1, unlocking.now]
            )
        }
        let json = Data((row[3] as String).utf8)
        let key = try JSONDecoder().decode(WrappedKey.self, from: json).open(with: unlocking.secret)
        vault.set(key)
        try write { database in
            if wasCut || row[2] {
                try LocalSQLiteTransaction(database, key).noteRecount()
            }
            try database.execute(sql: "UPDATE vault SET failures = 0, must_recount = 0")
        }
    }

    private static func mayTry(after failures: Int, last: Int64, now: Int64) throws {
        guard failures >= freeAttempts else { return }
        let pause = min(3_600_000, Int64(30_000) << min(failures - freeAttempts, 20))
        // A clock that was set back waits no longer than one that was not.
        let left = last + pause - now
        guard left > 0, left <= pause else { return }
        throw SyncError(
            "secret_tried_too_often",
            "口令多次输错 The passphrase was wrong too often",
            hint: "请 \((left + 999) / 1000) 秒后再试。 Try again in \((left + 999) / 1000) seconds."
        )
    }
}

extension LocalSQLiteTransaction {
    fileprivate func save(_ wrapped: WrappedKey) throws {
        try run(
            """
            INSERT INTO vault (one, json) VALUES (1, ?)
            ON CONFLICT (one) DO UPDATE SET json = excluded.json
            """,
            [String(decoding: try JSONEncoder().encode(wrapped), as: UTF8.self)]
        )
    }
}

extension SyncError {
    static let deviceLocked = SyncError(
        "device_locked",
        "本机数据已加密，需要口令 The device's data is sealed and needs its passphrase",
        hint: "请输入口令，或设置 RESIDENCE_PASSPHRASE。 Type it, or set RESIDENCE_PASSPHRASE."
    )
}
