internal import ArgumentParser
internal import SyncProtocol
internal import SyncServer
internal import Terminal

/// What of the records a department's device may see and say.
struct ScopeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            say(
                "部门授权的记录类型，逗号分隔，如 dwelling,registration；全部为 all",
                "Of a department: the record types that it may see and say, as in dwelling,registration; or all."
            ),
            valueName: "TYPE,…"
        )
    )
    var types: String?

    @Option(
        help: ArgumentHelp(
            say(
                "部门授权的字段，逗号分隔，如 person.name,person.sex；该类型的其余字段不授权",
                "Of a department: fields, as in person.name,person.sex; of such a type those alone."
            ),
            valueName: "TYPE.FIELD,…"
        )
    )
    var fields: String?

    /// Whether anything is said.
    var isGiven: Bool { types != nil || fields != nil }

    /// What the options say; the inner value is `nil` for everything, the outer one where they say nothing.
    var scope: GrantScope?? {
        get throws {
            guard isGiven else { return .none }
            if fields == nil, ["all", "全部"].contains(types ?? "") { return .some(nil) }
            return try GrantScope(types: Self.parts(types), fields: Self.parts(fields))
        }
    }

    /// What a new device of a department may see, which has to be said; everything of any other.
    ///
    /// Throws `scope_missing` and `scope_unfit`.
    func scope(of department: String?) throws -> GrantScope? {
        guard let scope = try scope else {
            guard department == nil else { throw SyncError.scopeMissing }
            return nil
        }
        guard department != nil || scope == nil else { throw SyncError.scopeOfNobody }
        return scope
    }

    private static func parts(_ text: String?) -> [String] {
        (text ?? "").split(whereSeparator: { " ,;、，；".contains($0) }).map(String.init)
    }
}

extension ScopeOptions {
    /// What the cells of a list say.
    init(types: String?, fields: String?) {
        self.init()
        self.types = types
        self.fields = fields
    }
}

extension StoredDevice {
    /// What its holder is; of a department, which one, and what it may see.
    var roleText: String {
        let label = say(role.label.zh, role.label.en)
        let covered = grant.scope.map { $0.names.joined(separator: ",") }
        let told = [department, covered].compactMap(\.self).joined(separator: "：")
        return told.isEmpty ? label : say("\(label)（\(told)）", "\(label) (\(told))")
    }
}

extension SyncError {
    fileprivate static let scopeMissing = SyncError(
        "scope_missing",
        "请写明该部门可看、可填的内容 Say what the department may see and say",
        hint:
            "--types dwelling --fields person.name,person.sex；全部则写 --types all。 --types all for everything.",
        subject: "--types"
    )

    fileprivate static let scopeOfNobody = SyncError(
        "scope_unfit",
        "只有部门的授权可以限于部分类型和字段 Only a department's grant names types and fields",
        hint: "请加 --department。 Name the --department.",
        subject: "--types"
    )
}
