public import SyncProtocol
internal import Synchronization

/// What one device waits by: a stream of events has one.
///
/// It holds the latest word that was not taken, and the last of all [S-03].
public final class NewsWatch: Sendable {
    /// What there is to say.
    public enum Word: Hashable, Sendable {
        /// Nothing is new: the stream shows that it lives.
        case beat
        /// There is something to read.
        case news(NewsMark)
        /// The device may not sync any more, which it learns by a sync.
        case outOfUse
        /// Another stream of the device took this one's place.
        case replaced
        /// The server ends.
        case goodbye

        /// Whether nothing comes after it.
        public var isLast: Bool {
            switch self {
            case .beat, .news: false
            case .outOfUse, .replaced, .goodbye: true
            }
        }
    }

    private struct State {
        var word: Word?
        var last: Word?
        /// Beats for which nobody was there.
        var unheard = 0
        var waiting: CheckedContinuation<Word, Never>?

        /// What there is to say now; the last word is said again and again.
        mutating func take() -> Word? {
            unheard = 0
            guard let word else { return last }
            self.word = nil
            return word
        }
    }

    /// Whose it is.
    let device: DeviceID
    private let state = Mutex(State())
    private let drop: @Sendable () -> Void

    init(_ device: DeviceID, drop: @escaping @Sendable () -> Void) {
        (self.device, self.drop) = (device, drop)
    }

    /// The next word, once there is one.
    ///
    /// One task at a time may wait. Cancelled, it is told goodbye.
    public func next() async -> Word {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let word = state.withLock { state -> Word? in
                    let word = state.take()
                    if word == nil { state.waiting = continuation }
                    return word
                }
                if let word { continuation.resume(returning: word) }
            }
        } onCancel: {
            put(.goodbye)
        }
    }

    /// Says something; after the last word nothing is added.
    public func put(_ word: Word) {
        let (waiting, said, isStuck) = state.withLock {
            state -> (CheckedContinuation<Word, Never>?, Word?, Bool) in
            guard state.last == nil else { return (nil, nil, false) }
            if word.isLast {
                state.last = word
            } else if word != .beat || state.word == nil {
                state.word = word
            }
            guard let waiting = state.waiting else {
                // Whoever takes nothing from one beat to the next takes nothing any more.
                if word == .beat { state.unheard += 1 }
                return (nil, nil, state.unheard > 1)
            }
            state.waiting = nil
            return (waiting, state.take(), false)
        }
        if let said { waiting?.resume(returning: said) }
        if isStuck { drop() }
    }
}
