internal import ArgumentParser
internal import Foundation
internal import StorePostgres
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd check`: whether a data folder is sound, in words.
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("检查数据文件夹", "Check a data folder; exit code 1 where something is wrong."),
        discussion: say(
            "核对文件、每一行、查阅日志、变更链、各区摘要与落位；不写入任何内容。--mend 按记录重算不符的摘要，有行损坏时不重算。",
            """
            The file, every row beside those that it names, the log of readings, every chain, every area's digest and \
            feed. Nothing is written, but that --mend counts digests that differ again where no row is damaged.
            """
        )
    )

    @OptionGroup var options: CommonOptions

    @Flag(help: ArgumentHelp(say("重算不符的摘要", "Count digests that differ again.")))
    var mend = false

    /// What was found, as scripts read it.
    struct Document: Encodable {
        struct Flaw: Encodable {
            var what: String
            var place: String
            var count: Int

            enum CodingKeys: String, CodingKey {
                case what, count
                case place = "where"
            }
        }

        var areas = 0
        var records = 0
        var changes = 0
        var missing = 0
        var flaws: [Flaw] = []
    }

    func run() async throws {
        try await options.run {
            try options.mustExist()
            let bar = ProgressBar(say("检查", "check"), isQuiet: options.json)
            var found = Document()
            bar.show(0, say("文件", "file"))
            let place = try options.place()
            do {
                // PostgreSQL's own files are for its own tools (pg_amcheck, pg_checksums).
                if case .folder(let folder) = place {
                    let file = folder.appendingPathComponent("residence.sqlite")
                    try BackupFile(file: file).check()
                }
            } catch let error as SyncError where error.code == "database_unreadable" {
                found.flaws.append(.init(what: "file_damaged", place: error.message, count: 1))
                bar.finish()
                return try show(found)
            }
            let service = try await self.service(at: place)
            let clerk = options.somebody()
            let rows = try await service.checkRows(for: clerk) { walked, total in
                bar.show(0.4 * Double(walked) / Double(max(1, total)), say("各表", "tables"))
            }
            found.flaws += rows.flaws.map {
                let more = $0.count > $0.places.count ? " …" : ""
                return .init(
                    what: $0.code,
                    place: $0.places.joined(separator: "; ") + more,
                    count: $0.count
                )
            }
            bar.show(0.4, say("查阅日志", "log of readings"))
            if let number = try await brokenAccess(service, clerk) {
                found.flaws.append(
                    .init(what: "access_broken", place: "access \(number)", count: 1)
                )
            }
            // What walks whole tables stops at a row that cannot be read: that row is named above.
            if rows.unreadable.isDisjoint(with: [.device, .change]) {
                let chains = try await service.auditChains(for: clerk) { walked, total in
                    bar.show(
                        0.4 + 0.3 * (total == 0 ? 1 : Double(walked) / Double(total)),
                        say("变更链", "chains")
                    )
                }
                (found.changes, found.missing) = (chains.changes, chains.missing)
                found.flaws += chains.breaks.map {
                    .init(what: $0.code, place: "\($0.name) #\($0.sequence.rawValue)", count: 1)
                }
            } else {
                found.flaws.append(.init(what: "chains_unwalked", place: "", count: 1))
            }
            if rows.unreadable.isDisjoint(with: [.record, .area, .feed]) {
                let holdings = try await service.checkHoldings(
                    for: clerk,
                    // Devices repair themselves by these sums: they are not made to fit what is damaged.
                    mending: mend && rows.isSound
                ) {
                    walked,
                    total in
                    bar.show(
                        0.7 + 0.3 * Double(walked) / Double(max(1, total)),
                        say("各区", "areas")
                    )
                }
                (found.areas, found.records) = (holdings.areas, holdings.records)
                found.flaws += holdings.flaws.map {
                    .init(what: $0.code, place: $0.area.rawValue, count: $0.records)
                }
            } else {
                found.flaws.append(.init(what: "areas_unwalked", place: "", count: 1))
            }
            bar.finish()
            if mend, !rows.isSound {
                Console.note(
                    say(
                        "有行损坏，未重算任何摘要：请先由备份恢复。",
                        "Nothing was mended, since rows are damaged: restore a backup first."
                    )
                )
            }
            try show(found)
        }
    }

    /// A service on data that are only looked at, unless something is to be mended.
    private func service(at place: StorePlace) async throws -> SyncService {
        let store: any Store
        switch place {
        case .folder(let folder): store = try SQLiteStore(reading: folder)
        case .database(var settings):
            settings.migrates = false
            let database = PostgresStore(settings)
            guard try await database.plannedMigrations().isEmpty else {
                throw SyncError(
                    "database_older",
                    "数据库尚未升级到本版本 The database was not brought up to this version",
                    hint: "先运行 residence-syncd migrate。 Run residence-syncd migrate first.",
                    subject: "--store"
                )
            }
            store = database
        }
        let identity = try await ServerIdentity.found(in: store)
        guard !mend else { return try await options.service().service }
        return SyncService(store: store, identity: identity)
    }

    /// The number of the first entry of the log of readings that does not fit; `nil` where all do.
    private func brokenAccess(_ service: SyncService, _ clerk: Principal) async throws -> UInt64? {
        let report = try await service.verifyAccesses(for: clerk)
        guard report.firstBreak != nil else { return nil }
        // A daemon beside this may have removed old entries between the two walks.
        return try await service.verifyAccesses(for: clerk).firstBreak
    }

    private func show(_ found: Document) throws {
        if options.json {
            try Console.out(json: found)
        } else {
            Console.out(
                say(
                    "\(found.areas) 个区划 \(found.records) 条记录，\(found.changes) 条变更。",
                    "\(found.records) records in \(found.areas) areas, \(found.changes) changes."
                )
            )
            if found.missing > 0 {
                Console.out(
                    say(
                        "另有 \(found.missing) 条变更在已登记的缺口中。",
                        "\(found.missing) more are in recorded holes: nobody has them."
                    )
                )
            }
            if found.flaws.isEmpty { Console.out(say("一切完好。", "All is sound.")) }
        }
        guard !found.flaws.isEmpty else { return }
        if !options.json {
            var table = Table([
                say("问题", "what is wrong"), say("何处", "where"), say("数量", "how many"),
            ])
            for flaw in found.flaws {
                table.add([FlawWords.words(for: flaw.what), flaw.place, String(flaw.count)])
            }
            Console.out(table.text)
        }
        throw ExitCode(1)
    }
}
