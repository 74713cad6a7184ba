internal import SyncProtocol

/// What is to be done with one change: the decision, before anything is done.
enum Verdict {
    /// The records become this, the change's own first, and these conflicts are noted.
    case accept([Effect])
    /// The change is kept and not applied.
    case quarantine(Refusal)
}

/// What a change does to one record.
struct Effect {
    /// The change as it concerns this record.
    var change: Change
    /// What becomes of the record.
    var merged: Merged
    /// What was made on the record itself, where others point to it.
    var own: RecordState?
    /// The record on which the change was made, where that is another one.
    var via: RecordID?
    /// The record whose pointing here ends: the conflicts that it brought are over.
    var parts: RecordID?
    /// Who made it, where that is not who sent the change: the server's own device.
    var author: Author?
    /// References that were made to follow a redirect, as far as they stand.
    var followers: [Reference] = []
    /// Whether it does nothing but let a reference follow a redirect: nobody chose anything.
    var isFollowing = false
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
    static let copyUnknown = Refusal(
        code: "copy_unknown",
        message: "服务器从未有过设备上的这份记录 The server never had this copy; somebody has to look at it"
    )
    static let recordUnknown = Refusal(
        code: "record_unknown",
        message: "服务器上没有该记录 The server has no such record"
    )
    static let deleted = Refusal(
        code: "record_deleted",
        message: "该记录已删除 The record was deleted; undelete it first"
    )
    static let contradictory = Refusal(
        code: "change_contradictory",
        message: "一条变更只能做一件事 The change wants two things of which only one can be done"
    )
    static let baseUnknown = Refusal(
        code: "base_unknown",
        message: "服务器没有变更所依据的版本 The server never had the revision that the change builds on"
    )
    static let grantOutdated = Refusal(
        code: "grant_outdated",
        message: "变更所依据的授权早于此前所用的授权 The change names an older grant than one before it"
    )
    static let valueMissing = Refusal(
        code: "value_missing",
        message: "请写出冲突所涉字段的第三个值 Say the third value of the fields in conflict"
    )
    static let outside = Refusal(
        code: "outside_areas",
        message: "不在本设备的责任区内 The record is outside the areas of the device's grant"
    )
    /// Something that a department's grant does not cover: a field, or the type itself.
    static func outsideScope(_ type: RecordType, _ field: UInt32?) -> Refusal {
        let named = field.map { type.field($0) }
        let zh = [type.zh, named??.zh].compactMap(\.self).joined(separator: "·")
        let name = [type.name.lowercased(), named??.name].compactMap(\.self).joined(separator: ".")
        return Refusal(
            code: "outside_scope",
            field: field ?? 0,
            message: "本部门的授权不含（\(zh)） The department's grant does not cover \(name)"
        )
    }

    static let tooLarge = Refusal(
        code: "record_too_large",
        message: "记录过大 The record is larger than allowed"
    )

    static let erased = Refusal(
        code: "record_erased",
        message: "该记录已依法抹除 The record was erased by law; nothing of this was kept"
    )
    static let forbidden = Refusal(
        code: "role_forbidden",
        message: "本岗位无此权限 This role may not do that"
    )
    static let reasonMissing = Refusal(
        code: "deletion_reason_missing",
        message: "请说明删除原因 Say why: 1 mistake, 2 duplicate, 3 on request, 99 other, in words"
    )
    static let referredTo = Refusal(
        code: "record_referred_to",
        message: "仍有记录引用该记录，不能删除 A live record refers to it; delete or correct that first"
    )
    static let conflictUnknown = Refusal(
        code: "conflict_unknown",
        message: "没有这个冲突 This record has no such conflict"
    )
    static let conflictClosed = Refusal(
        code: "conflict_closed",
        message: "该冲突已经处理 The conflict was settled already"
    )
    static let conflictOutdated = Refusal(
        code: "conflict_outdated",
        message: "记录已有新变更，请重新查看后裁决 The record moved on; look at both sides again"
    )
    static let targetUnknown = Refusal(
        code: "redirect_target_unknown",
        message: "服务器上没有要并入的记录 The record that it should point to is not here"
    )
    static let circular = Refusal(
        code: "redirect_circular",
        message: "两条记录不能互相并入 The other record points back to this one; split that first"
    )
    static let redirected = Refusal(
        code: "record_redirected",
        message: "该记录已并入另一记录，请先拆分 It points to another record already; split it first"
    )
    static let redirectOutdated = Refusal(
        code: "redirect_outdated",
        message: "该记录的身份已有新的认定，请重新查看 Somebody else has said since which record this is"
    )
    static let notRedirected = Refusal(
        code: "record_not_redirected",
        message: "该记录没有并入其他记录 The record points to no other one"
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
