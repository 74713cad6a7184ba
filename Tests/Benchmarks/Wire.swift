internal import Foundation
internal import Glibc
internal import Synchronization

/// One connection to the daemon: whole requests out, whole answers in, each counted.
///
/// It blocks, in a thread of its own: the cheapest there is, on a machine that the driver shares with what
/// it drives.
final class Wire {
    struct Answer: Sendable {
        let status: Int
        /// Seconds after which to come again, where it is a refusal.
        let retryAfter: Int
        /// Bytes of the head.
        let head: Int
        let body: [UInt8]
        let isDeflated: Bool
    }

    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw BenchError("cannot connect: errno \(errno)") }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
    }

    deinit { close(descriptor) }

    func exchange(_ request: [UInt8]) throws -> Answer {
        try send(request[...])
        return try answer()
    }

    func send(_ bytes: ArraySlice<UInt8>) throws {
        var left = bytes
        while !left.isEmpty {
            let count = left.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw BenchError("the connection broke: errno \(errno)") }
            left = left.dropFirst(count)
        }
    }

    func answer() throws -> Answer {
        var filled = 0
        var head = 0
        while head == 0 {
            filled += try more(at: filled)
            head = Self.endOfHead(buffer[..<filled])
        }
        let text = String(decoding: buffer[..<head], as: UTF8.self).lowercased()
        let length = Self.field("content-length", in: text).flatMap { Int($0) } ?? 0
        if buffer.count < head + length {
            buffer += [UInt8](repeating: 0, count: head + length - buffer.count)
        }
        while filled < head + length { filled += try more(at: filled) }
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return Answer(
            status: status,
            retryAfter: Self.field("retry-after", in: text).flatMap { Int($0) } ?? 0,
            head: head,
            body: Array(buffer[head..<head + length]),
            isDeflated: Self.field("content-encoding", in: text) == "deflate"
        )
    }

    private func more(at offset: Int) throws -> Int {
        let count = buffer.withUnsafeMutableBytes {
            recv(descriptor, $0.baseAddress?.advanced(by: offset), $0.count - offset, 0)
        }
        guard count > 0 else { throw BenchError("the connection broke: errno \(errno)") }
        return count
    }

    private static func endOfHead(_ bytes: ArraySlice<UInt8>) -> Int {
        guard bytes.count > 3 else { return 0 }
        for index in bytes.startIndex...bytes.endIndex - 4
        where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 {
            return index + 4
        }
        return 0
    }

    private static func field(_ name: String, in head: String) -> String? {
        head.split(separator: "\r\n").first { $0.hasPrefix(name + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
}

/// Why a benchmark could not be run to its end.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Runs closures side by side, each in a thread of its own, and waits for all.
///
/// They begin together once each has called the closure that it is handed: what it did before is not timed.
func inThreads<Result: Sendable>(
    _ count: Int,
    _ body: @escaping @Sendable (Int, _ ready: () -> Void) throws -> Result
) async throws -> (results: [Result], seconds: Double) {
    let gate = StartingGate(count)
    let collected = Mutex<[Int: Swift.Result<Result, any Error>]>([:])
    await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        for index in 0..<count {
            Thread.detachNewThread {
                var hasStarted = false
                let result = Swift.Result {
                    try body(index) {
                        hasStarted = true
                        gate.pass()
                    }
                }
                // Whoever failed before the start must not keep the others waiting.
                if !hasStarted { gate.pass() }
                let all = collected.withLock { collected in
                    collected[index] = result
                    return collected.count
                }
                if all == count {
                    gate.finish()
                    done.resume()
                }
            }
        }
    }
    let results = try collected.withLock { collected in
        try (0..<count).compactMap { try collected[$0]?.get() }
    }
    return (results, gate.seconds)
}

/// Lets threads begin together and takes the time until the last has ended.
private final class StartingGate: Sendable {
    private struct State {
        var missing: Int
        var began: ContinuousClock.Instant?
        var ended: ContinuousClock.Instant?
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    func pass() {
        state.withLock { state in
            state.missing -= 1
            if state.missing == 0 { state.began = .now }
        }
        while state.withLock({ $0.missing > 0 }) { usleep(200) }
    }

    func finish() { state.withLock { $0.ended = .now } }

    var seconds: Double {
        state.withLock { state in
            guard let began = state.began, let ended = state.ended else { return 0 }
            return (ended - began) / .seconds(1)
        }
    }
}
