internal import ArgumentParser
internal import Foundation
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd backup PLACE`: copies the database while it is served.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("备份数据库，服务不必停止", "Back the database up, whether or not it is served."),
        discussion: say(
            "备份写好并校验后，设备才会得知可以清理已备份的变更。",
            "Once it is verified, devices hear that they may forget the changes that it has."
        )
    )

    @OptionGroup var options: CommonOptions

    @Argument(
        help: ArgumentHelp(
            say("文件夹，或以 .sqlite 结尾的文件名", "A folder, or a file's name that ends with .sqlite."),
            valueName: "PLACE"
        )
    )
    var place: String

    @Option(
        help: ArgumentHelp(
            say("文件夹中保留最近几份", "How many of the latest to keep in the folder."),
            valueName: "N"
        )
    )
    var keep: Int?

    /// What becomes of a backup where the data are in PostgreSQL.
    static let notHere = SyncError(
        "store_is_postgres",
        "数据在 PostgreSQL 中，须用数据库自己的工具备份 The data are in PostgreSQL: its own tools back it up",
        hint:
            "先运行 database begin-backup，备份并校验后运行 database declare-backup。 Run `residence-syncd database begin-backup FILE` before and `declare-backup FILE` after.",
        subject: "--store"
    )

    func run() async throws {
        try await options.run {
            if let keep, keep < 1 {
                throw SyncError(
                    "keep_malformed",
                    "至少保留一份 At least one backup has to be kept",
                    hint: "--keep N, 1 or more.",
                    subject: "--keep"
                )
            }
            try options.mustExist()
            let (service, store) = try await options.service()
            guard let store = store as? SQLiteStore else { throw Self.notHere }
            let bar = ProgressBar(say("备份", "backup"), isQuiet: options.json)
            let place = URL(fileURLWithPath: place)
            let folder = place.pathExtension == "sqlite" ? nil : place
            let made = try await BackupFolder.backup(
                store,
                of: service,
                to: folder.map { BackupFolder(folder: $0).next(at: service.now) } ?? place
            ) { bar.show($0) }
            bar.finish()
            if let keep, let folder { try BackupFolder(folder: folder).keep(keep, with: made) }
            if options.json { return try Console.out(json: made) }
            Console.out(made.file)
            Console.note(
                say(
                    "已校验：\(made.devices) 台设备的 \(made.changes) 条变更，\(made.bytes / 1024) KB。",
                    "Verified: \(made.changes) changes of \(made.devices) devices, \(made.bytes / 1024) KB."
                )
            )
        }
    }
}

/// A backup that was made and verified, as scripts read it.
struct MadeBackup: Encodable {
    var file: String
    var devices: Int
    var changes: UInt64
    var bytes: Int
}

/// A folder of backups: `residence-20261124-020000.sqlite`, by the server's clock in UTC.
struct BackupFolder {
    let folder: URL

    private static let prefix = "residence-"

    /// The next backup's file.
    func next(at now: Int64) -> URL {
        let moment = SystemClock.iso(now).filter(\.isNumber)
        let name = "\(Self.prefix)\(moment.prefix(8))-\(moment.dropFirst(8)).sqlite"
        return folder.appendingPathComponent(name)
    }

    /// The backups, the oldest first.
    func all() throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { Self.isOurs($0.lastPathComponent) }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    /// Whether a name is one that `next` gives: what an operator named is nobody else's to remove.
    private static func isOurs(_ name: String) -> Bool {
        name.wholeMatch(of: /residence-\d{8}-\d{6}\.sqlite/) != nil
    }

    /// Removes all but the latest, of which one that was just made is the last.
    ///
    /// A name of a time that is still to come was given by a clock that was wrong: such a file is the first to go.
    func keep(_ count: Int, with made: MadeBackup) throws {
        let last = URL(fileURLWithPath: made.file).lastPathComponent
        let files = try all()
        let order =
            files.filter { $0.lastPathComponent > last }
            + files.filter { $0.lastPathComponent <= last }
        for file in order.dropLast(count) { try FileManager.default.removeItem(at: file) }
    }

    /// Makes a backup, verifies it and declares it to the service.
    static func backup(
        _ store: SQLiteStore,
        of service: SyncService,
        to file: URL,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> MadeBackup {
        let began = service.now
        let backup = try await store.backup(to: file, at: began, progress: progress)
        let highWaters = try backup.highWaters()
        try await service.declareBackup(of: highWaters, began: began)
        let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
        return MadeBackup(
            file: file.path,
            devices: highWaters.count,
            changes: highWaters.values.reduce(0) { $0 + $1.rawValue },
            bytes: attributes[.size] as? Int ?? 0
        )
    }
}
