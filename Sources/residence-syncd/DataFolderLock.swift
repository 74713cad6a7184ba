internal import Foundation
internal import SyncProtocol

/// Keeps a second daemon off the same data: an advisory lock that the system drops with the process.
struct DataFolderLock {
    private let descriptor: Int32

    /// Throws `already_serving` where another daemon holds the folder, and `disk_full` where there is no room for the
    /// lock's file.
    init(folder: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch let error as CocoaError where error.code == .fileWriteOutOfSpace {
            throw Self.full(folder)
        } catch {
            // Whatever else it is, the lock's own file meets it, too.
        }
        let path = folder.appendingPathComponent("serving.lock").path
        descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            if [ENOSPC, EDQUOT].contains(errno) { throw Self.full(folder) }
            throw SyncError(
                "database_unavailable",
                "数据文件夹不可写 \(folder.path) cannot be written",
                hint: "Check that the folder exists and who owns it.",
                subject: folder.path
            )
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw SyncError(
                "already_serving",
                "该数据已有服务在运行 A daemon serves \(folder.path) already",
                hint: "Stop it first, or name another folder with --data DIR.",
                subject: folder.path
            )
        }
    }

    private static func full(_ folder: URL) -> SyncError {
        SyncError(
            "disk_full",
            "存储空间已满，未作任何改动 The disk is full; nothing was changed",
            hint: "请腾出空间后再启动，已有的数据都在。 Make room and run it again; what is here is not lost.",
            subject: folder.path
        )
    }

    func release() { close(descriptor) }
}
