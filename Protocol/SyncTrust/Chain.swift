internal import Crypto

/// The hash chain over a device's changes, by which a clone or a restored image is found out.
///
/// > [Q-04] The chain's head after a change is SHA-256 over the head before it and the SHA-256 of
/// > the change's bytes; before the first change it is 32 zero bytes.
///
/// The chain covers the hash of the payload, not the payload, so that a payload can be redacted by
/// law and the chain stays whole.
public enum Chain {
    /// The head before the first change.
    public static let start = [UInt8](repeating: 0, count: 32)

    /// The hash of a change's bytes.
    public static func hash(of payload: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: payload)) }

    /// The head after one more change.
    public static func head(after head: [UInt8], hash: [UInt8]) -> [UInt8] {
        var hasher = SHA256()
        hasher.update(data: head)
        hasher.update(data: hash)
        return Array(hasher.finalize())
    }
}
