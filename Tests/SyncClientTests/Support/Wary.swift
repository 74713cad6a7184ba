import SyncProtocol
import SyncServer
import Synchronization

/// Rules of a server that wants no such remarks, until it relents.
final class Wary: RecordRules {
    static let refused = "待定"
    private let isStrict = Mutex(true)

    func relent() { isStrict.withLock { $0 = false } }

    func violations(of fields: FieldMap, as type: RecordType) -> [Violation] {
        let others = SchemaRules().violations(of: fields, as: type)
        let remark = fields.text(of: 17) ?? ""
        guard type.name == "Person", [Self.refused, "不详"].contains(remark),
            isStrict.withLock({ $0 })
        else { return others }
        return others + [
            Violation(code: "remark_refused", field: 17, zh: "请写明。", en: "Say what is.")
        ]
    }
}
