internal import SyncTrust
internal import Synchronization

/// Tokens whose signatures were checked: a device shows one token many times, and its signature stays what
/// it is.
///
/// Times, and whether the device may sync, are looked at each time all the same.
final class CheckedTokens: Sendable {
    private let limit: Int
    private let tokens = Mutex<[String: DeviceToken.Verified]>([:])

    init(limit: Int = 10_000) { self.limit = limit }

    /// A token that was noted; `nil` where it was not, or is forgotten by now.
    subscript(token: String) -> DeviceToken.Verified? { tokens.withLock { $0[token] } }

    /// Notes a token; where there are too many, all others are forgotten, and checked again.
    func note(_ token: String, _ verified: DeviceToken.Verified) {
        tokens.withLock { tokens in
            if tokens.count >= limit { tokens.removeAll(keepingCapacity: true) }
            tokens[token] = verified
        }
    }
}
