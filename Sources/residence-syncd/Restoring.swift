internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer

/// One restore; killed anywhere, it is begun again by running the same command.
struct Restoring {
    let folder: URL
    let backup: BackupFile

    struct Report: Encodable {
        var epoch: UInt64
        var devices: Int
        var changes: UInt64
        var replaced: String?
    }

    private static let name = "residence.sqlite"
    private var target: URL { folder.appendingPathComponent(Self.name) }
    private var workshop: URL { Self.workshop(in: folder) }

    /// Where a restore is under way: as long as it is there, nothing may be served.
    static func workshop(in folder: URL) -> URL { folder.appendingPathComponent("restoring") }

    func run(replacing: Bool) async throws -> Report {
        let manager = FileManager.default
        let isThere = manager.fileExists(atPath: target.path)
        let isGoingOn = manager.fileExists(atPath: workshop.path)
        guard !isThere || replacing || isGoingOn else {
            throw SyncError(
                "database_exists",
                "\(folder.path) 中已有数据库 There is a database in \(folder.path) already",
                hint: "加 --replace 替换它（原文件会保留）。 With --replace it is replaced, and kept beside.",
                subject: folder.path
            )
        }
        do {
            return try await replace(isThere)
        } catch let error as CocoaError {
            throw SyncError(restoringInto: folder, error)
        }
    }

    private func replace(_ isThere: Bool) async throws -> Report {
        let manager = FileManager.default
        // What a restore left that was cut off: this one begins anew.
        if manager.fileExists(atPath: workshop.path) { try manager.removeItem(at: workshop) }
        try manager.createDirectory(
            at: workshop,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let report: Report
        do {
            report = try await prepare(in: await lost(isThere))
        } catch {
            // Nothing of what is there was touched: it may be served as before.
            try? manager.removeItem(at: workshop)
            throw error
        }
        let replaced = try setAside(isThere)
        // One step: the new database is there whole, or the old one still is.
        guard rename(workshop.appendingPathComponent(Self.name).path, target.path) == 0 else {
            throw SyncError(
                "database_unavailable",
                "无法放入数据库 \(target.path) cannot be written",
                hint: "请检查文件夹权限后重试。 Check the folder's permissions and run the same again.",
                subject: target.path
            )
        }
        try manager.removeItem(at: workshop)
        return Report(
            epoch: report.epoch,
            devices: report.devices,
            changes: report.changes,
            replaced: replaced?.path
        )
    }

    /// What must outlive the database that is there, as far as it can be read.
    private struct Lost {
        var epoch = Epoch.none
        /// Devices that were suspended, re-keyed or revoked: they stay so.
        var ended: [StoredDevice] = []
    }

    private func lost(_ isThere: Bool) async -> Lost {
        guard isThere, let store = try? SQLiteStore(folder: folder) else { return Lost() }
        let lost = try? await store.read { transaction in
            Lost(
                epoch: try transaction.epoch(),
                ended: try transaction.devices().filter {
                    $0.suspendedAt != nil || $0.revoked != nil
                        || $0.succession.rekeyedAt != nil
                }
            )
        }
        return lost ?? Lost()
    }

    /// Makes the database that is to be served: the backup, in an epoch of its own.
    private func prepare(in lost: Lost) async throws -> Report {
        let copy = workshop.appendingPathComponent(Self.name)
        try FileManager.default.copyItem(at: backup.file, to: copy)
        let madeAt = try backup.madeAt()
        let store = try opened()
        _ = try await ServerIdentity.kept(in: store, at: SystemClock.milliseconds())
        let begun = try await store.write { transaction in
            for device in lost.ended {
                guard var known = try transaction.device(device.id) else { continue }
                known.suspendedAt = device.suspendedAt
                known.revoked = device.revoked
                known.succession.rekeyedAt = device.succession.rekeyedAt
                try transaction.save(known)
            }
            return try transaction.beginEpoch(
                above: lost.epoch,
                at: SystemClock.milliseconds(),
                .restored,
                backupMadeAt: madeAt
            )
        }
        try await store.scrub()
        let devices = try await store.read { try $0.devices() }
        return Report(
            epoch: begun.rawValue,
            devices: devices.count,
            changes: devices.reduce(0) { $0 + $1.highWater.rawValue }
        )
    }

    /// The copy, brought up to this version.
    private func opened() throws -> SQLiteStore {
        do {
            return try SQLiteStore(folder: workshop)
        } catch let error as SyncError where error.code == "database_unavailable" {
            // The copy was readable: what cannot be brought up to this version is none of ours.
            throw SyncError.foreign(backup)
        }
    }

    /// Moves what belongs to the old database out of the way; its main file stays until it is replaced.
    ///
    /// A log without its main file goes, too: it would be played into the new one.
    private func setAside(_ isThere: Bool) throws -> URL? {
        let manager = FileManager.default
        let logs = ["-wal", "-shm"].filter {
            manager.fileExists(atPath: folder.appendingPathComponent(Self.name + $0).path)
        }
        guard isThere || !logs.isEmpty else { return nil }
        let aside = unused()
        try manager.createDirectory(
            at: aside,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        if isThere { try manager.linkItem(at: target, to: aside.appendingPathComponent(Self.name)) }
        for suffix in logs {
            try manager.moveItem(
                at: folder.appendingPathComponent(Self.name + suffix),
                to: aside.appendingPathComponent(Self.name + suffix)
            )
        }
        return aside
    }

    /// A folder that is not there yet: one of the same second may hold what a restore that was killed set aside.
    private func unused() -> URL {
        let stamp = SystemClock.iso(SystemClock.milliseconds()).filter(\.isNumber)
        var aside = folder.appendingPathComponent("replaced-\(stamp)")
        var number = 1
        while FileManager.default.fileExists(atPath: aside.path) {
            number += 1
            aside = folder.appendingPathComponent("replaced-\(stamp)-\(number)")
        }
        return aside
    }
}
