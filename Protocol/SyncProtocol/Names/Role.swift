/// What somebody is in the deployment, as their grant names it.
public enum Role: String, Hashable, Codable, CaseIterable, Sendable {
    /// 流动人口协管员: captures in the assigned areas.
    case coordinator
    /// 站长: a coordinator for a township.
    case supervisor
    /// 审核人员: decides what no rule decides.
    case reviewer
    /// 平台运维人员: runs the service.
    case `operator`
    /// 部门: contributes what it owns.
    case department

    /// What somebody may or may not do.
    public enum Act: Hashable, CaseIterable, Sendable {
        /// Capture, edit and delete records, and mend what was returned to the own device.
        case capture
        /// Hold a copy of what stands in the areas, and follow it: feeds, their digests and their news.
        case follow
        /// Say that two ids are one person's, and take it back.
        case reidentify
        /// Settle conflicts.
        case resolve
        /// See, mend and discard what was returned to others.
        case settle
        /// Walk the chains.
        case audit
        /// Redact by law.
        case erase
        /// Rename, merge and split areas, and hand work over.
        case areas
    }

    // > [A-05] A grant names a role, and one table says what each role may do: settling conflicts and
    // > discarding what was returned is for reviewers and operators.

    /// Whether the role may do something: the one table.
    ///
    /// A grant that covers some types and fields only gives no copy of anything: its holder reads by listing.
    public func may(_ act: Act, within scope: GrantScope? = nil) -> Bool {
        switch (self, act) {
        case (_, .capture): true
        case (_, .follow): scope == nil
        case (.department, .reidentify): false
        case (_, .reidentify): true
        case (.reviewer, .resolve), (.reviewer, .settle): true
        case (.operator, _): true
        default: false
        }
    }

    /// What people call it.
    public var label: Label {
        switch self {
        case .coordinator: Label(zh: "协管员", en: "coordinator")
        case .supervisor: Label(zh: "站长", en: "supervisor")
        case .reviewer: Label(zh: "审核人员", en: "reviewer")
        case .operator: Label(zh: "运维人员", en: "operator")
        case .department: Label(zh: "部门", en: "department")
        }
    }
}
