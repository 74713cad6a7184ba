internal import Foundation
public import GRDB

extension DatabaseError {
    /// Whether SQLite refused because there is no room on the volume of a database, whose file's path is given.
    public func isForWantOfRoom(at path: String) -> Bool {
        isForRoom || (mayBeForRoom && !Volume.hasRoom(at: path))
    }

    /// Whether there was no room for what SQLite had to write.
    ///
    /// It says FULL of the database and its log. The log's index beside them (`-shm`), without which nothing can be
    /// read either, it grows by a write whose failure has a code of its own.
    private var isForRoom: Bool {
        resultCode == .SQLITE_FULL || extendedResultCode == .SQLITE_IOERR_SHMSIZE
    }

    /// Whether it may be for want of room: a file that cannot be made, a write that comes to nothing.
    private var mayBeForRoom: Bool {
        let writes: [ResultCode] = [
            .SQLITE_IOERR_WRITE, .SQLITE_IOERR_FSYNC, .SQLITE_IOERR_DIR_FSYNC,
            .SQLITE_IOERR_SHMOPEN,
        ]
        return resultCode == .SQLITE_CANTOPEN || writes.contains(extendedResultCode)
    }
}

/// The volume on which a file is.
private enum Volume {
    /// Whether anything more can be written beside a file, as far as the system says.
    static func hasRoom(at path: String) -> Bool {
        var known = statvfs()
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard statvfs(folder, &known) == 0 else { return true }
        // Some file systems count no files at all.
        let hasFiles = known.f_files == 0 || known.f_favail > 0
        return known.f_bavail > 0 && hasFiles
    }
}
