import SyncClient
import SyncProtocol
import Testing

/// An answer that was applied, and what comes then.
struct Applied: Sendable, CustomTestStringConvertible {
    var hasMore: Bool
    var answered: Int
    /// How many changes still wait.
    var unanswered: Int
    var then: String

    var testDescription: String {
        "\(answered) answered, \(unanswered) waiting, \(hasMore ? "more" : "no more"): \(then)"
    }
}

/// A round trip that failed, and what comes then.
struct Failed: Sendable, CustomTestStringConvertible {
    var code: String
    var isUnreachable = false
    var serverTime: Int64?
    var retryAfter: Int?
    var then: String

    var testDescription: String { "\(code): \(then)" }

    var asTransportFailure: TransportFailure {
        TransportFailure(
            SyncError(SyncError.Code(rawValue: code), "No", hint: "Wait."),
            isUnreachable: isUnreachable,
            serverTime: serverTime,
            retryAfter: retryAfter
        )
    }
}

extension SyncSession.Action {
    /// The action in words, to compare it by.
    var word: String {
        switch self {
        case .send(let size): "send \(size.changes)"
        case .apply: "apply"
        case .wait(let duration): "wait \(duration)"
        case .setClock(let time): "setClock \(time)"
        case .prove: "prove"
        case .readmit: "readmit"
        case .showBookmarks: "show bookmarks"
        case .repair: "repair"
        case .surrender: "surrender"
        case .finish: "finish"
        case .giveUp(let failure): "giveUp \(failure.error.code.rawValue)"
        }
    }
}
