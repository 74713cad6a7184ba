internal import ArgumentParser
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd conflicts …`: what no rule decides, seen and settled at the server.
struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts",
        abstract: say("查看与裁决冲突", "List, show and settle conflicts."),
        subcommands: [List.self, Show.self, Resolve.self],
        defaultSubcommand: List.self
    )

    /// Lists open conflicts, what would change most first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("列出待裁决的冲突", "List the conflicts that wait for somebody.")
        )

        @OptionGroup var options: CommonOptions
        @OptionGroup var filter: ConflictOptions
        @Option(help: ArgumentHelp(say("最多列几个", "At most so many."))) var limit = 100

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let devices = try await service.devices()
                let wanted = try filter.filter { text in
                    devices.first { $0.name == text || $0.id.description.hasPrefix(text) }?.id
                }
                var page = ConflictPage()
                repeat {
                    let more = try await service.openConflicts(
                        wanted,
                        for: options.somebody(),
                        after: page.next,
                        limit: limit - page.conflicts.count
                    )
                    page.conflicts += more.conflicts
                    page.next = more.next
                } while page.next != nil && page.conflicts.count < limit
                if options.json { return Console.out(json: page.json) }
                guard !page.conflicts.isEmpty else {
                    return Console.note(say("没有待裁决的冲突。", "No open conflicts."))
                }
                var titled: [TitledConflict] = []
                for conflict in page.conflicts {
                    titled.append(try await service.titled(conflict.entry))
                }
                Console.out(ConflictTable.list(titled))
                if page.next != nil {
                    Console.note(say("还有更多；--limit 可多列。", "There are more; --limit lists them."))
                }
            }
        }
    }

    /// Shows one conflict, both sides side by side.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("两边并列显示一个冲突", "Show both sides of a conflict.")
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("冲突编号", "The conflict's number."), valueName: "NUMBER"))
        var number: UInt64

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let conflict = try await service.conflict(number, for: options.somebody())
                if options.json {
                    return Console.out(json: conflict.entry.json(at: conflict.place))
                }
                Console.out(try await ConflictsCommand.sheet(conflict, service))
            }
        }
    }

    /// Settles a conflict in one step.
    struct Resolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: say("裁决一个冲突", "Settle a conflict."),
            discussion: say(
                "例：residence-syncd conflicts resolve 7 提出 --by 周审核 --revision 3；记录若已有新变更则拒绝并再次并列显示。",
                "For example: conflicts resolve 7 proposed --by Zhou --revision 3. Where the record has moved on "
                    + "it is refused, with both sides in view."
            )
        )

        @OptionGroup var options: CommonOptions
        @Argument(help: ArgumentHelp(say("冲突编号", "The conflict's number."), valueName: "NUMBER"))
        var number: UInt64
        @Argument(
            help: ArgumentHelp(
                say("原有、提出，或 字段=内容", "standing, proposed, or FIELD=VALUE."),
                valueName: "CHOICE"
            )
        )
        var choice: [String]
        @Option(help: ArgumentHelp(say("由谁裁决", "Who settles it."), valueName: "NAME"))
        var by: String?
        @Option(help: ArgumentHelp(say("理由", "Why."))) var reason = ""
        @Option(
            help: ArgumentHelp(
                say(
                    "所看到的记录版本（缺省为现在的）",
                    "The record's revision that you saw; the present one by default."
                )
            )
        )
        var revision: UInt64?

        func run() async throws {
            try await options.run {
                let service = try await options.service().service
                let somebody = options.somebody(by)
                let seen = try await service.conflict(number, for: somebody)
                let request = try request(seen)
                do {
                    let result = try await service.resolve(number, request, for: somebody)
                    if options.json {
                        return Console.out(json: result.json)
                    }
                } catch let error as SyncError where error.code == "conflict_outdated" {
                    if !options.json {
                        let now = try await service.conflict(number, for: somebody)
                        Console.out(try await ConflictsCommand.sheet(now, service))
                    }
                    throw error
                }
                let ended = try await service.conflict(number, for: somebody)
                Console.out(try await ConflictsCommand.sheet(ended, service))
            }
        }

        private func request(_ seen: PlacedConflict) throws -> ResolveRequest {
            let revision = revision.map(Revision.init(rawValue:)) ?? seen.place.revision
            if choice.count == 1, let word = ChoiceWord(choice[0]) {
                switch word {
                case .standing:
                    return ResolveRequest(revision: revision, choice: .standing, reason: reason)
                case .proposed:
                    return ResolveRequest(revision: revision, choice: .proposed, reason: reason)
                case .mine, .theirs:
                    throw SyncError(
                        "choice_ambiguous",
                        "服务器上没有“我的”一边 At the server neither side is yours",
                        hint: "请写 原有 或 提出。 Say standing or proposed."
                    )
                }
            }
            guard let type = Schema.current.type(seen.entry.type) else {
                throw SyncError.typeUnknown
            }
            var request = ResolveRequest(
                revision: revision,
                choice: .other,
                value: try Assignments(choice).applied(
                    to: seen.entry.conflict.standing.values,
                    as: type
                ),
                reason: reason
            )
            request.type = type.number
            return request
        }
    }

    private static func sheet(
        _ conflict: PlacedConflict,
        _ service: SyncService
    ) async throws -> String {
        let revision = conflict.place.revision
        return ConflictSheet.text(
            of: try await service.titled(conflict.entry),
            revision: revision,
            settledBy:
                "residence-syncd conflicts resolve \(conflict.entry.id) --revision \(revision.rawValue)"
        )
    }
}

extension SyncService {
    /// A conflict with what its record is called.
    fileprivate func titled(_ entry: ConflictEntry) async throws -> TitledConflict {
        let record = try await record(entry.record, in: nil)?.record.state
        let title = record.flatMap { Schema.current.type($0.type)?.title(of: $0.fields) }
        return TitledConflict(entry, title: title ?? "")
    }
}
