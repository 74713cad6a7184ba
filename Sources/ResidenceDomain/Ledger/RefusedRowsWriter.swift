internal import Glibc

/// Writes the refused rows of a ledger to a file that can be mended and imported again.
///
/// The file has the ledger's own columns and two more, 错误代码 and 错误说明, which reading passes
/// over. It is UTF-8 with a byte order mark and CRLF line ends, as spreadsheet programs like it;
/// only its owner may read it, and a file that is already there is never overwritten.
public final class RefusedRowsWriter {
    /// How many rows have been written.
    public private(set) var rows = 0

    private let descriptor: Int32
    private let width: Int
    /// The places of error columns that the ledger had already, as a mended file has.
    private let added: Set<Int>
    private var buffer: [UInt8] = []
    private var isOpen = true

    /// Creates the file, where there must be none yet, for a ledger with these headings.
    ///
    /// The headings are those of ``LedgerReader/header``.
    public init(path: String, header: [String]) throws(LedgerError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        width = header.count
        added = Set(
            header.indices.filter {
                LedgerColumn.addedToRefusedRows.contains(Spelling.trimmed(header[$0]))
            }
        )
        guard descriptor >= 0 else {
            isOpen = false
            throw Self.unwritable(errno)
        }
        buffer = [0xEF, 0xBB, 0xBF]
        append(own(header) + LedgerColumn.addedToRefusedRows)
    }

    /// The path itself when there is no file yet, or else the next one that is free:
    /// `refused.csv`, `refused-2.csv`, `refused-3.csv`.
    ///
    /// For names that nobody chose: a ledger may be imported again while its refused rows of the
    /// last time are still being mended.
    public static func freePath(like path: String) -> String {
        var candidate = path
        var number = 1
        let name = path.hasSuffix(".csv") ? path.dropLast(4) : path[...]
        while access(candidate, F_OK) == 0 {
            number += 1
            candidate = "\(name)-\(number)\(path.hasSuffix(".csv") ? ".csv" : "")"
        }
        return candidate
    }

    deinit {
        // Whoever wants to know whether all was written closes the file.
        if isOpen { try? close() }
    }

    /// Writes a row.
    ///
    /// Its cells come back as they were, with two exceptions: a row that was too short is filled
    /// up, and a tab precedes what a spreadsheet would take for a long number or for a formula,
    /// which would cost an identity number its last digits. Reading trims the tab away.
    public func write(_ defect: LedgerDefect) throws(LedgerError) {
        let missing = max(0, width - defect.cells.count)
        let cells = defect.cells.prefix(width) + Array(repeating: "", count: missing)
        append(
            own(Array(cells)).map(Self.kept) + [defect.code, defect.message]
                + defect.cells.dropFirst(width).map(Self.kept)
        )
        rows += 1
        if buffer.count >= 64 * 1024 { try flush() }
    }

    /// Writes what is left, sees to it that the disk has it, and closes the file.
    public func close() throws(LedgerError) {
        guard isOpen else { return }
        isOpen = false
        defer { _ = Glibc.close(descriptor) }
        try flush()
        guard fsync(descriptor) == 0 else { throw Self.unwritable(errno) }
    }

    private func own(_ cells: [String]) -> [String] {
        guard !added.isEmpty else { return cells }
        return cells.indices.filter { !added.contains($0) }.map { cells[$0] }
    }

    private static func kept(_ cell: String) -> String {
        guard let first = cell.utf8.first else { return cell }
        let isFormula = "=+-@".utf8.contains(first)
        let isLongNumber = cell.utf8.count > 11 && cell.utf8.dropLast().allSatisfy(Spelling.isDigit)
        return isFormula || isLongNumber ? "\t" + cell : cell
    }

    private func append(_ cells: [String]) {
        for (place, cell) in cells.enumerated() {
            if place > 0 { buffer.append(UInt8(ascii: ",")) }
            guard cell.utf8.contains(where: { ",\"\r\n\t;".utf8.contains($0) }) else {
                buffer.append(contentsOf: cell.utf8)
                continue
            }
            buffer.append(UInt8(ascii: "\""))
            for byte in cell.utf8 {
                if byte == UInt8(ascii: "\"") { buffer.append(byte) }
                buffer.append(byte)
            }
            buffer.append(UInt8(ascii: "\""))
        }
        buffer.append(contentsOf: "\r\n".utf8)
    }

    private func flush() throws(LedgerError) {
        var written = 0
        while written < buffer.count {
            let count = buffer.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno != EINTR {
                throw Self.unwritable(errno)
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func unwritable(_ error: Int32) -> LedgerError {
        switch error {
        case EEXIST:
            LedgerError(
                .fileUnwritable,
                "同名文件已存在，为免覆盖请换一个文件名。",
                english: "There is a file of that name already; choose another name."
            )
        case ENOSPC:
            LedgerError(
                .fileUnwritable,
                "磁盘空间不足，请清理后重试。",
                english: "The disk is full; make room and try again."
            )
        default:
            LedgerError(
                .fileUnwritable,
                "无法写入文件（系统错误 \(error)），请检查文件夹和权限。",
                english: "The file cannot be written (system error \(error)); check its folder."
            )
        }
    }
}
