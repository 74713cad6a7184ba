internal import SyncProtocol

/// What is to be done with one change: the decision, before anything is done.
enum Verdict {
    /// The record becomes this, and these conflicts are noted.
    case accept(Merged)
    /// The change is kept and not applied.
    case quarantine(Refusal)
}

/// Why a change is quarantined: a code for programs, a field, and a sentence for people.
struct Refusal: Error {
    var code: String
    var field: UInt32 = 0
    var message: String

    static let malformed = Refusal(
        code: "change_malformed",
        message: "变更内容无法解析 The change's bytes do not parse"
    )
    static let typeUnknown = Refusal(
        code: "type_unknown",
        message: "服务器不认识该记录类型 Nobody here knows this record type"
    )
    static let waits = Refusal(
        code: "waits_for_creation",
        message: "所依赖的新建记录被退回，改正后一并处理 It waits with a creation that was returned"
    )
    static let recordUnknown = Refusal(
        code: "record_unknown",
        message: "服务器上没有该记录 The server has no such record"
    )
    static let deleted = Refusal(
        code: "record_deleted",
        message: "该记录已删除 The record was deleted; undelete it first"
    )
    static let outside = Refusal(
        code: "outside_areas",
        message: "不在本设备的责任区内 The record is outside the areas of the device's grant"
    )
    static let tooLarge = Refusal(
        code: "record_too_large",
        message: "记录过大 The record is larger than allowed"
    )

    static func malformed(field: UInt32) -> Refusal {
        Refusal(
            code: "field_malformed",
            field: field,
            message: "字段内容与类型不符 The field's value is not of its type"
        )
    }

    static func referenceUnknown(field: UInt32) -> Refusal {
        Refusal(
            code: "reference_unknown",
            field: field,
            message: "所引用的记录不存在 The record referred to does not exist"
        )
    }

    init(code: String, field: UInt32 = 0, message: String) {
        self.code = code
        self.field = field
        self.message = message
    }

    init(_ violation: Violation) {
        self.init(
            code: violation.code,
            field: violation.field,
            message: "\(violation.zh) \(violation.en)"
        )
    }
}
