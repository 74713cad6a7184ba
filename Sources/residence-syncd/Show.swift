internal import ArgumentParser
internal import Foundation
internal import ResidenceDomain
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// `residence-syncd show ID`: a record as the server has it, with its conflicts.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: say("查看服务器上的一条记录及其冲突", "Show a record as the server has it, with its conflicts.")
    )

    @OptionGroup var options: CommonOptions
    @Argument(help: ArgumentHelp(say("记录编号", "The record's id."), valueName: "ID")) var id: String

    func run() async throws {
        try await options.run {
            let service = try await options.service().service
            let id = try RecordID(typed: id)
            guard let found = try await service.record(id, for: options.somebody()),
                let type = Schema.current.type(found.record.state.type),
                let view = found.record.view(conflicts: found.conflicts)
            else { throw SyncError.recordNotHere }
            if options.json { return Console.out(json: view.json) }
            show(found.record, type)
            let conflicts = found.conflicts
            guard !conflicts.isEmpty else { return }
            Console.out("\n" + say("冲突", "conflicts"))
            Console.out(ConflictTable.text(of: conflicts))
        }
    }

    private func show(_ record: StoredRecord, _ type: RecordType) {
        var table = Table([say(type.zh, type.en), record.state.id.description])
        for field in type.fields {
            let text = FieldText.shown(
                field,
                in: record.state.fields,
                inChinese: Language.current == .zh
            )
            if let text { table.add([say(field.zh, field.en), text]) }
        }
        if let target = record.state.redirect {
            table.add([say("并入", "is"), target.description])
        }
        if record.state.isErased {
            table.add([say("状态", "state"), say("已依法抹除", "redacted by law")])
        } else if record.state.isDeleted {
            table.add([say("状态", "state"), say("已删除", "deleted")])
        }
        table.add([say("版本", "revision"), String(record.state.revision.rawValue)])
        table.add([
            say("区划", "areas"),
            record.placements.map(\.area.rawValue).joined(separator: " "),
        ])
        Console.out(table.text)
    }
}
