/// Why bytes are not what they should be.
///
/// Small, since a decoder answers every one of them in place.
public enum WireError: Error, Hashable, Sendable {
    /// The bytes end inside a field.
    case truncated
    /// A varint of more than ten bytes, a field number of 0, or a wire type that nobody uses.
    case malformed
    /// A known field whose value is not of its type, or not UTF-8.
    case field(UInt32)
}
