internal import Foundation
internal import Synchronization
internal import SyncProtocol

/// The preset dictionaries that a device has, and the one that its server understands best.
///
/// > [W-08] A dictionary is never required: who is told `dictionary_unknown` sends the same body again without one.
final class DictionaryShelf: Sendable {
    private struct State {
        /// What bodies are packed with; `nil` since the server was found to know none of ours.
        var preferred: PresetDictionary?
        var known = PresetDictionary.all
    }

    private let state = Mutex(State(preferred: .latest))
    private let file: URL?

    /// A shelf that outlives the program in a file; a file that cannot be read is as good as none.
    init(file: URL?) {
        self.file = file
        guard let file, let data = try? Data(contentsOf: file),
            let kept = PresetDictionary(bytes: Array(data))
        else { return }
        state.withLock { state in
            state.known.append(kept)
            state.preferred = kept
        }
    }

    /// What answers may be packed with.
    var known: [PresetDictionary] { state.withLock(\.known) }

    /// What a body is packed with; `nil` for none.
    func dictionary(for body: [UInt8]) -> PresetDictionary? {
        body.count <= PresetDictionary.bodyLimit ? state.withLock(\.preferred) : nil
    }

    /// The server does not know it.
    func refuse(_ dictionary: PresetDictionary) {
        state.withLock { if $0.preferred == dictionary { $0.preferred = nil } }
    }

    /// Prefers the dictionary that the server names; returns its name where it has to be fetched.
    func prefer(_ name: String?) -> String? {
        guard let name else { return nil }
        let known = state.withLock { state in state.known.first { $0.name == name } }
        guard let known else { return name }
        take(known)
        return nil
    }

    /// Takes what was fetched under a name, unless it is something else.
    func take(_ bytes: [UInt8], fetchedAs name: String) {
        guard let dictionary = PresetDictionary(bytes: bytes), dictionary.name == name else {
            return
        }
        state.withLock { $0.known.append(dictionary) }
        take(dictionary)
    }

    private func take(_ dictionary: PresetDictionary) {
        state.withLock { $0.preferred = dictionary }
        guard let file else { return }
        // Where it cannot be kept, it is fetched again.
        if dictionary == .latest {
            try? FileManager.default.removeItem(at: file)
        } else {
            try? Data(dictionary.bytes).write(to: file, options: .atomic)
        }
    }
}
