internal import Synchronization

/// What was used to pack and is kept for the next body: each holds some hundred kilobytes, which are not asked for anew
/// for each.
final class Spares: Sendable {
    /// Where two cores pack, more than a few never wait.
    private static let most = 8

    /// Addresses of those that nobody uses: each is used by one thread at a time.
    private let idle = Mutex<[UInt]>([])

    /// One of them; `nil` where none is idle.
    func take() -> OpaquePointer? {
        idle.withLock { $0.popLast() }.flatMap(OpaquePointer.init(bitPattern:))
    }

    /// Keeps one; `false` where there are enough, and whoever gave it has to free it.
    func keep(_ spare: OpaquePointer) -> Bool {
        idle.withLock { idle in
            guard idle.count < Self.most else { return false }
            idle.append(UInt(bitPattern: spare))
            return true
        }
    }
}
