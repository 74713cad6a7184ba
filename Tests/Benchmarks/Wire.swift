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
        /// Bytes of the body as it came.
        let size: Int
        let isDeflated: Bool
    }

    private let descriptor: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)

    init(port: Int) throws { descriptor = try Self.connection(to: port) }

    deinit { close(descriptor) }

    func exchange(_ request: [UInt8]) throws -> Answer {
        try send(request[...])
        return try answer()
    }

    func send(_ bytes: ArraySlice<UInt8>) throws { try Self.send(bytes, to: descriptor) }

    func answer() throws -> Answer {
        var filled = 0
        var head = 0
        while head == 0 {
            filled += try more(at: filled)
            head = Self.endOfHead(buffer[..<filled])
        }
        let text = String(decoding: buffer[..<head], as: UTF8.self).lowercased()
        let status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let (body, size) =
            Self.field("transfer-encoding", in: text) == "chunked"
            ? try chunks(at: head, &filled)
            : try whole(at: head, Self.field("content-length", in: text), &filled)
        return Answer(
            status: status,
            retryAfter: Self.field("retry-after", in: text).flatMap { Int($0) } ?? 0,
            head: head,
            body: body,
            size: size,
            isDeflated: Self.field("content-encoding", in: text) == "deflate"
        )
    }

    /// A body whose length was told.
    private func whole(
        at head: Int,
        _ length: String?,
        _ filled: inout Int
    ) throws -> (body: [UInt8], size: Int) {
        let length = length.flatMap { Int($0) } ?? 0
        try fill(to: head + length, &filled)
        return (Array(buffer[head..<head + length]), length)
    }

    /// A body in parts, each behind its length; peers send those.
    private func chunks(
        at head: Int,
        _ filled: inout Int
    ) throws -> (body: [UInt8], size: Int) {
        var body: [UInt8] = []
        var next = head
        while true {
            let line = next
            while !buffer[line..<filled].contains(10) { try fill(to: filled + 1, &filled) }
            let end = buffer[line..<filled].firstIndex(of: 10) ?? line
            let digits = String(decoding: buffer[line..<end], as: UTF8.self)
            guard
                let length = Int(digits.trimmingCharacters(in: .whitespacesAndNewlines), radix: 16)
            else {
                throw BenchError("a part of an answer without its length")
            }
            next = end + 1 + length + 2
            try fill(to: next, &filled)
            if length == 0 { return (body, next - head) }
            body += buffer[end + 1..<end + 1 + length]
        }
    }

    /// Reads on until so many bytes of the answer are there.
    private func fill(to end: Int, _ filled: inout Int) throws {
        if buffer.count <= end { buffer += [UInt8](repeating: 0, count: end) }
        while filled < end { filled += try more(at: filled) }
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

// MARK: - Sockets

extension Wire {
    /// A connection to a port of this machine.
    static func connection(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let isConnected = withAddress(port: port) { connect(descriptor, $0, $1.pointee) == 0 }
        guard isConnected else { throw BenchError("cannot connect: errno \(errno)") }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, 4)
        return descriptor
    }

    /// A socket that waits for connections, and the port that it was given.
    static func listener() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var port = 0
        let isListening = withAddress(port: 0) { address, length in
            guard bind(descriptor, address, length.pointee) == 0, listen(descriptor, 16) == 0,
                getsockname(descriptor, address, length) == 0
            else { return false }
            port = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                Int(UInt16(bigEndian: $0.pointee.sin_port))
            }
            return true
        }
        guard isListening else { throw BenchError("cannot listen: errno \(errno)") }
        return (descriptor, port)
    }

    static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws {
        var left = bytes
        while !left.isEmpty {
            let count = left.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw BenchError("the connection broke: errno \(errno)") }
            left = left.dropFirst(count)
        }
    }

    private static func withAddress(
        port: Int,
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Bool
    ) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
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
