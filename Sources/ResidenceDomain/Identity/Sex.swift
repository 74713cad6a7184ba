/// A person's sex 性别, by GB/T 2261.1.
public enum Sex: Int, CaseIterable, Sendable {
    /// Male 男.
    case male = 1
    /// Female 女.
    case female = 2
}
