/// A conflict's place in the list of open ones [C-05]: what it would change first, then its age.
public struct ConflictRank: Hashable, Sendable, CustomStringConvertible {
    /// What it would change.
    public var impact: UInt32
    /// Its number, which rises with time.
    public var id: UInt64

    /// A rank.
    public init(impact: UInt32, id: UInt64) {
        self.impact = impact
        self.id = id
    }

    /// A rank from its text form, as a page names it: `400.7`.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let impact = UInt32(parts[0]), let id = UInt64(parts[1]) else {
            return nil
        }
        self.init(impact: impact, id: id)
    }

    /// The text form.
    public var description: String { "\(impact).\(id)" }
}
