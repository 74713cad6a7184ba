internal import Foundation
internal import StoreSQLite
internal import SyncProtocol

extension Restoring {
    /// Looks at a file that is to be restored, before anything is touched.
    ///
    /// Throws `backup_missing`, `backup_foreign` of a database that is none of ours, `backup_in_use` of a file that
    /// the restore itself would remove, and `database_unreadable` of one that is damaged, or no database at all.
    static func examine(_ backup: BackupFile, for folder: URL) throws {
        let path = backup.file.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw SyncError(
                "backup_missing",
                "没有这个文件 There is no file \(path)",
                hint: "请核对文件名。 Check its name.",
                subject: path
            )
        }
        guard !isFolder.boolValue else {
            throw SyncError(
                "backup_missing",
                "这是文件夹，不是备份文件 This is a folder, and no backup: \(path)",
                hint: "请指明其中的一个文件。 Name a file in it.",
                subject: path
            )
        }
        // What is under way is cleared away first.
        let place = workshop(in: folder).resolvingSymlinksInPath().path + "/"
        guard !backup.file.resolvingSymlinksInPath().path.hasPrefix(place) else {
            throw SyncError(
                "backup_in_use",
                "这是未完成的恢复留下的文件，不是备份 This is what a restore left that was cut off, and no backup: \(path)",
                hint: "请指明原来的备份文件。 Name the backup that it was made from.",
                subject: path
            )
        }
        do {
            try backup.check()
        } catch var error as SyncError where error.code == "database_unreadable" {
            error.hint =
                "什么也没有改动；请核对文件名，或用另一份备份。 Nothing was changed: check the file's name, or take another backup."
            throw error
        }
        do {
            // Every release has kept this where it is kept now: what it cannot be read from is none of ours.
            _ = try backup.madeAt()
        } catch let error as SyncError where error.code == "database_unavailable" {
            throw SyncError.foreign(backup)
        }
    }
}

extension SyncError {
    /// A file that SQLite can read, but this program cannot.
    static func foreign(_ backup: BackupFile) -> SyncError {
        SyncError(
            "backup_foreign",
            "这不是本服务的备份，什么也没有改动 Nothing was changed: this is no backup of the service's: \(backup.file.path)",
            hint:
                "请核对文件名；备份由 residence-syncd backup 写成。 Check its name; `residence-syncd backup` makes them.",
            subject: backup.file.path
        )
    }

    /// A restore that the system refused.
    init(restoringInto folder: URL, _ error: CocoaError) {
        if error.code == .fileWriteOutOfSpace {
            self.init(
                "disk_full",
                "存储空间已满，恢复没有完成 The disk is full; the restore is not done",
                hint: "请腾出空间后再次运行同一命令。 Make room and run the same again."
            )
        } else {
            self.init(
                "restore_failed",
                "恢复没有完成（系统错误 \(error.code.rawValue)） The restore is not done: the system refused (\(error.code.rawValue))",
                hint:
                    "请检查数据文件夹的权限后再次运行同一命令；原有的数据都在。 Check the data folder's permissions and run the same again; what was there is kept."
            )
        }
        subject = folder.path
    }
}
