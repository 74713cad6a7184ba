import Foundation
import Synchronization

/// A proxy between devices and a daemon that cuts, delays and repeats what passes, by chance.
final class Proxy: Sendable {
    private struct State {
        var random: UInt64
        var isOpen = true
        var cut = 0
        var repeated = 0
    }

    let port: Int
    private let target: Int
    private let listener: Int32
    private let state: Mutex<State>

    /// A proxy on a free port of the loopback, to another port.
    init(to target: Int, seed: UInt64) throws {
        self.target = target
        state = Mutex(State(random: seed))
        let listener = socket(AF_INET, Self.stream, 0)
        var address = Self.loopback(port: 0)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(listener, 64) == 0 else { throw CocoaError(.featureUnsupported) }
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { self.accept() }
    }

    /// No program that is started meanwhile keeps a connection open.
    private static let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    /// How many connections were cut, and how many requests repeated.
    var faults: (cut: Int, repeated: Int) { state.withLock { ($0.cut, $0.repeated) } }

    func close() {
        state.withLock { $0.isOpen = false }
        shutdown(listener, Int32(SHUT_RDWR))
        _ = Foundation.close(listener)
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private func draw(below limit: UInt64) -> UInt64 {
        state.withLock { state in
            state.random = state.random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state.random >> 33) % limit
        }
    }

    private func accept() {
        while state.withLock({ $0.isOpen }) {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            Thread.detachNewThread { self.serve(client) }
        }
    }

    private func connectToTarget() -> Int32? {
        let upstream = socket(AF_INET, Self.stream, 0)
        var address = Self.loopback(port: target)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard !isConnected else { return upstream }
        _ = Foundation.close(upstream)
        return nil
    }

    /// Passes one connection on, and decides what becomes of it.
    private func serve(_ client: Int32) {
        defer { _ = Foundation.close(client) }
        guard let upstream = connectToTarget() else { return }
        defer { _ = Foundation.close(upstream) }
        // One in four is cut after some bytes, up or down; one in five is repeated.
        var left = draw(below: 4) == 0 ? Int(draw(below: 4_000)) : Int.max
        let isRepeated = draw(below: 5) == 0
        let delay = draw(below: 8) * 2_000
        var request: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            var waiting = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: upstream, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, 30_000) > 0 else { return }
            for (index, ready) in waiting.enumerated() where ready.revents != 0 {
                let count = recv(ready.fd, &buffer, buffer.count, 0)
                guard count > 0 else {
                    if isRepeated { again(request) }
                    return
                }
                usleep(UInt32(delay))
                if index == 0 { request += buffer.prefix(count) }
                let passed = min(count, left)
                left -= passed
                _ = send(index == 0 ? upstream : client, buffer, passed, Int32(MSG_NOSIGNAL))
                guard left > 0 else { return state.withLock { $0.cut += 1 } }
            }
        }
    }

    /// Sends a request once more, as a confused network does; nobody hears the answer.
    private func again(_ request: [UInt8]) {
        guard !request.isEmpty, let upstream = connectToTarget() else { return }
        defer { _ = Foundation.close(upstream) }
        state.withLock { $0.repeated += 1 }
        _ = send(upstream, request, request.count, Int32(MSG_NOSIGNAL))
        var buffer = [UInt8](repeating: 0, count: 4_096)
        _ = recv(upstream, &buffer, buffer.count, 0)
    }
}
