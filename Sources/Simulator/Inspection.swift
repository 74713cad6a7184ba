public import Foundation
internal import LocalSQLite
internal import StorePostgres
internal import StoreSQLite
internal import SyncClient
public import SyncProtocol
internal import SyncServer
internal import SyncTrust

/// The oracle's judgement on real data folders: a server's and those of its devices, all of them stopped.
public enum Inspection {
    /// A real device's data folder.
    private struct RealDevice: Handheld {
        let name: String
        let store: any LocalStore
        let id: DeviceID?
        let mayDiffer = false
        let strays: [RecordID] = []

        func isErased() async throws -> Bool { false }
    }

    /// What is not as it must be.
    ///
    /// The devices have synced until nothing was left; `captured` are records whose capture was acknowledged:
    /// the server has each of them.
    public static func judge(
        server: URL,
        devices: [URL],
        captured: [RecordID] = []
    ) async throws -> [Verdict] {
        try await judge(SQLiteStore(folder: server), devices, captured)
    }

    /// The same for a server whose data are in PostgreSQL.
    public static func judge(
        database: String,
        devices: [URL],
        captured: [RecordID] = []
    ) async throws -> [Verdict] {
        let settings = try PostgresSettings(address: database)
        return try await judge(PostgresStore(settings), devices, captured)
    }

    private static func judge(
        _ store: any Store,
        _ devices: [URL],
        _ captured: [RecordID]
    ) async throws -> [Verdict] {
        let standing = try await Oracle.standing(in: store)
        var oracle = Oracle()
        oracle.restores = try await store.read { try $0.epochs().count } - 1
        let door = ServerDoor()
        for device in standing.devices { door.note(device.grant.areas, of: device.id) }
        var handhelds: [RealDevice] = []
        for folder in devices {
            let local = try LocalSQLiteStore(folder: folder)
            guard let profile = try await local.read({ try $0.profile() }) else { continue }
            let id = profile.device
            let former = (profile.predecessors ?? [])
                .compactMap { PublicKey(bytes: $0.publicKey)?.deviceID }
            let name = folder.lastPathComponent
            let device = RealDevice(name: name, store: local, id: id)
            oracle.open(name, for: former + [id].compactMap(\.self))
            try await oracle.note(device)
            handhelds.append(device)
        }
        oracle.judgeHistory(standing, of: handhelds.map(\.name))
        oracle.judgeChains(standing)
        oracle.judgeValues(standing)
        oracle.judgeConflicts(standing)
        for device in handhelds { try await oracle.judge(device, standing, in: door) }
        for id in captured where standing.records[id] == nil {
            let isReturned = standing.returned.contains { $0.record == id }
            if !isReturned {
                oracle.accuse("I8", "a capture that was acknowledged is nowhere", about: id)
            }
        }
        return oracle.verdicts
    }

    /// What SQLite finds wrong with the database of a device's folder, in its own words.
    public static func flaws(ofDevice folder: URL) async throws -> [String] {
        let store = try LocalSQLiteStore(folder: folder)
        return try await store.write { try $0.checkFile() }
    }

    /// What SQLite finds wrong with the database of a server's folder; nothing where it is sound.
    public static func flaws(ofServer folder: URL) -> [String] {
        flaws(ofBackup: folder.appendingPathComponent("residence.sqlite"))
    }

    /// What SQLite finds wrong with a backup; nothing where it is sound.
    public static func flaws(ofBackup file: URL) -> [String] {
        do {
            try BackupFile(file: file).check()
            return []
        } catch {
            return ["\(error)"]
        }
    }
}
