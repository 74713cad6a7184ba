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
        (listener, port) = try Loopback.listen()
        Thread.detachNewThread { self.accept() }
    }

    /// How many connections were cut, and how many requests repeated.
    var faults: (cut: Int, repeated: Int) { state.withLock { ($0.cut, $0.repeated) } }

    func close() {
        state.withLock { $0.isOpen = false }
        shutdown(listener, Int32(SHUT_RDWR))
        _ = Foundation.close(listener)
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

    /// Passes one connection on, and decides what becomes of it.
    private func serve(_ client: Int32) {
        defer { _ = Foundation.close(client) }
        guard let upstream = Loopback.connect(to: target) else { return }
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
        guard !request.isEmpty, let upstream = Loopback.connect(to: target) else { return }
        defer { _ = Foundation.close(upstream) }
        state.withLock { $0.repeated += 1 }
        _ = send(upstream, request, request.count, Int32(MSG_NOSIGNAL))
        var buffer = [UInt8](repeating: 0, count: 4_096)
        _ = recv(upstream, &buffer, buffer.count, 0)
    }
}
