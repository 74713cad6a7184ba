/// A side of a conflict, as people name it.
public enum ChoiceWord: Sendable {
    case standing, proposed, mine, theirs

    /// The side that a word names, in Chinese or English; `nil` where it names none.
    public init?(_ word: String) {
        switch word.lowercased() {
        case "原有", "standing": self = .standing
        case "提出", "proposed": self = .proposed
        case "我的", "mine": self = .mine
        case "对方", "theirs": self = .theirs
        default: return nil
        }
    }
}
