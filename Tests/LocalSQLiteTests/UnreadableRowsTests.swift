import Foundation
import GRDB
import LocalSQLite
import SyncClient
import SyncProtocol
import Testing

/// A damaged row is met where a device counts: it keeps nobody from the others.
struct UnreadableRowsTests {
    @Test(
        "[G-04] a row that cannot be read is emptied or passed over, and the others are counted",
        arguments: [
            "UPDATE record SET clock = NULL WHERE title = '张三'",
            "UPDATE record SET deleted = NULL WHERE title = '张三'",
            "UPDATE record SET revision = NULL WHERE title = '张三'",
            "UPDATE record SET type = -1 WHERE title = '张三'",
            "UPDATE record SET type = 9999999999 WHERE title = '张三'",
            "UPDATE record SET id = x'01' WHERE title = '张三'",
        ]
    )
    func counts(sql: String) async throws {
        let scratch = Scratch()
        let store = try scratch.open()
        try await store.write { transaction in
            for (number, name) in [(1, "张三"), (2, "李四")] as [(UInt8, String)] {
                var record = Sample.person(number, name, areas: [Sample.harbour])
                record.acknowledged = LocalRecord.Acknowledged(
                    base: Base(epoch: Sample.epoch, revision: Revision(rawValue: 1)),
                    fields: record.visible ?? FieldMap(),
                    isDeleted: false,
                    clock: Sample.noon
                )
                try transaction.save(record)
                try transaction.place(record.id, in: Sample.harbour, mark: 7, isKept: true)
            }
        }
        try await DatabaseQueue(path: scratch.file.path).write { try $0.execute(sql: sql) }

        let again = try scratch.open()
        let differing = try await again.write { try $0.recount { _, _, _ in 7 } }

        let other = try await again.read { try $0.record(Sample.id(2)) }
        #expect(differing >= 0)
        #expect(other?.visible?.text(of: 1) == "李四")
        #expect(try await again.read { try $0.digests()[Sample.harbour]?.records } ?? 0 >= 1)
    }
}
