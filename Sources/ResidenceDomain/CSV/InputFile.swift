internal import Glibc

/// A regular file that is open for reading from its beginning to its end.
struct InputFile: ~Copyable {
    /// How much is read at a time.
    static let chunkSize = 64 * 1024

    /// How long the file was when it was opened.
    let size: Int
    private let descriptor: Int32

    init(path: String) throws(LedgerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.unreadable(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw Self.unreadable(EISDIR)
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit {
        close(descriptor)
    }

    /// Reads as much as there is room for; zero at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(LedgerError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Self.unreadable(errno) }
        }
    }

    /// Goes back to the beginning.
    func rewind() throws(LedgerError) {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Self.unreadable(errno) }
    }

    private static func unreadable(_ error: Int32) -> LedgerError {
        switch error {
        case ENOENT:
            LedgerError(
                .fileUnreadable,
                "找不到文件，请检查文件名和所在文件夹。",
                english: "There is no such file; check its name and folder."
            )
        case EACCES, EPERM:
            LedgerError(
                .fileUnreadable,
                "没有读取该文件的权限。",
                english: "The file may not be read by this user."
            )
        case EISDIR:
            LedgerError(
                .fileUnreadable,
                "所选的不是文件，请选择一个 CSV 文件。",
                english: "This is not a file; choose a CSV file."
            )
        default:
            LedgerError(
                .fileUnreadable,
                "读取文件时出错（系统错误 \(error)），请检查磁盘或重新复制文件。",
                english: "The file cannot be read (system error \(error)); copy it again."
            )
        }
    }
}
