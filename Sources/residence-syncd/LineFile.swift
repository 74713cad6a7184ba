internal import Foundation
internal import SyncProtocol

/// A new file of lines, most often a JSON document each, for its owner's eyes.
final class LineFile {
    private let handle: FileHandle
    private let encoder: JSONEncoder
    private var waiting = Data()

    /// Throws `file_exists` where there is such a file, and `file_unwritable`.
    init(_ path: String) throws {
        encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard !FileManager.default.fileExists(atPath: path) else {
            throw SyncError(
                "file_exists",
                "文件已存在 \(path) There is such a file",
                hint: "请换一个文件名。 Take another name.",
                subject: path
            )
        }
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: nil,
                attributes: [.posixPermissions: 0o600]
            ), let handle = FileHandle(forWritingAtPath: path)
        else {
            throw SyncError(
                "file_unwritable",
                "无法写入 \(path) It cannot be written",
                hint: "请检查文件夹和权限。 Check its folder and your rights there.",
                subject: path
            )
        }
        self.handle = handle
    }

    func add(_ document: some Encodable) throws {
        waiting += try encoder.encode(document) + [UInt8(ascii: "\n")]
        guard waiting.count > 1 << 20 else { return }
        try flush()
    }

    func add(text: String) throws {
        waiting += Data(text.utf8)
        guard waiting.count > 1 << 20 else { return }
        try flush()
    }

    func close() throws {
        try flush()
        try handle.synchronize()
        try handle.close()
    }

    private func flush() throws {
        try handle.write(contentsOf: waiting)
        waiting = Data()
    }
}

/// A row of a CSV file.
struct CSVLine {
    private let cells: [String]

    init(_ cells: [String]) { self.cells = cells }

    /// What begins like a formula is no formula.
    var text: String {
        cells.map { cell in
            let safe = cell.first.map { "=+-@\t\r".contains($0) } == true ? "'" + cell : cell
            let isPlain = !safe.contains { ",\"\r\n".contains($0) }
            return isPlain ? safe : "\"" + safe.replacing("\"", with: "\"\"") + "\""
        }
        .joined(separator: ",") + "\r\n"
    }
}
