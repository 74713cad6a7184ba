internal import Chance
internal import Foundation
internal import Glibc
internal import Synchronization

/// A link as on the outer islands, between a program and the daemon: few bits a second, far away, and lossy.
///
/// It carries packets of 1,400 bytes, one after another, each way. A lost one is sent again a round trip later and
/// holds up what is behind it, as TCP does. A second's worth may wait. Not shown, all of it in favour of whoever is
/// measured: that TCP slows down then and begins slowly, what heads of packets weigh, and the first round trip of a
/// connection.
final class SlowLink: Sendable {
    static let bytesPerSecond = 32_000.0
    /// One way, in seconds.
    static let delay = 0.15
    /// Of a hundred packets.
    static let lost = 2
    private static let packet = 1_400

    /// Where the program has to connect instead of the daemon.
    let port: Int
    private let daemon: Int
    private let listener: Int32
    /// After so many bytes on their way down everything is cut off, again and again.
    private let cutEvery: Int
    private let state: Mutex<State>

    fileprivate struct State {
        var random: SplitMix64
        var up = 0
        var down = 0
        var cuts = 0
        /// When the link is free again, up and down.
        var free = (up: ContinuousClock.now, down: ContinuousClock.now)
        var open: Set<Int32> = []
    }

    init(to daemon: Int, cutEvery: Int = .max, seed: UInt64) throws {
        self.daemon = daemon
        self.cutEvery = cutEvery
        state = Mutex(State(random: SplitMix64(seed: seed)))
        (listener, port) = try Wire.listener()
        Thread.detachNewThread { [self] in
            while true {
                let program = accept(listener, nil, nil)
                guard program >= 0 else { return }
                carry(program)
            }
        }
    }

    /// What it carried so far, up and down, and how often it was cut.
    var carried: (up: Int, down: Int, cuts: Int) {
        state.withLock { ($0.up, $0.down, $0.cuts) }
    }

    /// Ends it: nobody is served any more.
    func end() {
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    private func carry(_ program: Int32) {
        guard let server = try? Wire.connection(to: daemon) else { return }
        state.withLock { $0.open.formUnion([program, server]) }
        for (from, to, isDown) in [(program, server, false), (server, program, true)] {
            Thread.detachNewThread { [self] in carry(from, to, isDown: isDown) }
        }
    }

    private func carry(_ from: Int32, _ to: Int32, isDown: Bool) {
        let flight = Flight(to: to)
        var bytes = [UInt8](repeating: 0, count: Self.packet)
        while true {
            let count = recv(from, &bytes, bytes.count, 0)
            guard count > 0 else { break }
            let (left, isCut) = state.withLock { $0.send(count, isDown: isDown, cutEvery) }
            if isCut { cut() }
            let stall: Duration = .seconds(left.isLost ? 2 * Self.delay : 0)
            flight.add(Array(bytes[..<count]), due: left.at + .seconds(Self.delay) + stall)
            let ahead = (left.at - .now) / .microseconds(1) - 1_000_000
            if ahead > 0 { usleep(UInt32(ahead)) }
        }
        flight.end()
    }

    /// Both ends of all that is open see a broken connection.
    private func cut() {
        let open = state.withLock { state in
            defer { state.open = [] }
            return state.open
        }
        for end in open { shutdown(end, Int32(SHUT_RDWR)) }
    }
}

extension SlowLink.State {
    /// A packet goes out behind those before it: when its last bit leaves, whether it is lost the first time, and
    /// whether the link breaks with it.
    fileprivate mutating func send(
        _ count: Int,
        isDown: Bool,
        _ cutEvery: Int
    ) -> (left: (at: ContinuousClock.Instant, isLost: Bool), isCut: Bool) {
        let taken: Duration = .seconds(Double(count) / SlowLink.bytesPerSecond)
        let isLost = random.below(100) < SlowLink.lost
        guard isDown else {
            up += count
            free.up = max(free.up, .now) + taken
            return ((free.up, isLost), false)
        }
        let before = down / cutEvery
        down += count
        free.down = max(free.down, .now) + taken
        let isCut = down / cutEvery > before
        if isCut { cuts += 1 }
        return ((free.down, isLost), isCut)
    }
}

/// Packets on their way to one end, in the order in which they were sent.
private final class Flight: Sendable {
    private struct Packets {
        var waiting: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
        var hasEnded = false
    }

    private let packets = Mutex(Packets())

    init(to end: Int32) {
        Thread.detachNewThread { [self] in
            var isOpen = true
            while isOpen { isOpen = deliver(to: end) }
            shutdown(end, Int32(SHUT_RDWR))
        }
    }

    func add(_ bytes: [UInt8], due: ContinuousClock.Instant) {
        packets.withLock { packets in
            let last = packets.waiting.last?.due ?? due
            packets.waiting.append((max(due, last), bytes))
        }
    }

    func end() { packets.withLock { $0.hasEnded = true } }

    /// Delivers what is due, a little later at most; says whether more may come.
    private func deliver(to end: Int32) -> Bool {
        let (due, hasEnded) = packets.withLock { packets in
            let count = packets.waiting.prefix { $0.due <= .now }.count
            defer { packets.waiting.removeFirst(count) }
            let isLast = packets.hasEnded && count == packets.waiting.count
            return (packets.waiting.prefix(count).flatMap(\.bytes), isLast)
        }
        if due.isEmpty, !hasEnded { usleep(2_000) }
        let isSent = due.isEmpty || (try? Wire.send(due[...], to: end)) != nil
        return isSent && !hasEnded
    }
}
