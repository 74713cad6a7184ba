internal import Foundation
public import SyncProtocol
internal import Synchronization

/// What grants are written as in a store: JSON.
///
/// Every request asks for its device's and writes them again, and they seldom change: both ways are remembered.
public enum WrittenGrants {
    /// Beyond so many, all of it is forgotten.
    private static let room = 10_000

    private struct Known {
        var grants: [String: [Grant]] = [:]
        var texts: [[Grant]: String] = [:]
    }

    private static let known = Mutex(Known())

    /// The grants that a text says.
    ///
    /// Throws where it says none.
    public static func grants(_ text: String) throws -> [Grant] {
        if let grants = known.withLock({ $0.grants[text] }) { return grants }
        let grants = try JSONDecoder().decode([Grant].self, from: Data(text.utf8))
        remember(text, grants)
        return grants
    }

    /// The text that says grants.
    public static func json(_ grants: [Grant]) throws -> String {
        if let text = known.withLock({ $0.texts[grants] }) { return text }
        let text = String(decoding: try JSONEncoder().encode(grants), as: UTF8.self)
        remember(text, grants)
        return text
    }

    private static func remember(_ text: String, _ grants: [Grant]) {
        known.withLock { known in
            if known.grants.count >= room { known = Known() }
            known.grants[text] = grants
            known.texts[grants] = text
        }
    }
}
