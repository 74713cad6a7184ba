import Foundation
import Synchronization

/// A cable to one of several ports, in turn: a load balancer, or the network before a database.
///
/// While it is cut, it swallows what comes and says nothing, as a network does; once it is mended, what was
/// open before is gone.
final class Relay: Sendable {
    private struct State {
        var targets: [Int]
        var turn = 0
        var isOpen = true
        var isCut = false
        var cuts = 0
    }

    let port: Int
    private let listener: Int32
    private let state: Mutex<State>

    init(to targets: [Int]) throws {
        state = Mutex(State(targets: targets))
        (listener, port) = try Loopback.listen()
        Thread.detachNewThread { self.accept() }
    }

    func cut() { state.withLock { $0.isCut = true } }

    func mend() {
        state.withLock { state in
            state.isCut = false
            state.cuts += 1
        }
    }

    func close() {
        state.withLock { $0.isOpen = false }
        shutdown(listener, Int32(SHUT_RDWR))
        _ = Foundation.close(listener)
    }

    private func accept() {
        while state.withLock({ $0.isOpen }) {
            let client = Foundation.accept(listener, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            Thread.detachNewThread {
                self.serve(client)
                _ = Foundation.close(client)
            }
        }
    }

    /// The next that listens.
    private func connect() -> Int32? {
        let targets = state.withLock { state in
            state.turn += 1
            let first = state.turn % state.targets.count
            return state.targets[first...] + state.targets[..<first]
        }
        return targets.lazy.compactMap { Loopback.connect(to: $0) }.first
    }

    private func serve(_ client: Int32) {
        let cuts = state.withLock { $0.cuts }
        // Behind a cable that is cut nobody answers.
        var upstream: Int32?
        defer { if let upstream { _ = Foundation.close(upstream) } }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let (isCut, isOld) = state.withLock { ($0.isCut, $0.cuts != cuts || !$0.isOpen) }
            if isOld { return }
            if !isCut, upstream == nil {
                upstream = connect()
                guard upstream != nil else { return }
            }
            var ends = [pollfd(fd: client, events: Int16(POLLIN), revents: 0)]
            if let upstream { ends.append(pollfd(fd: upstream, events: Int16(POLLIN), revents: 0)) }
            guard poll(&ends, nfds_t(ends.count), 100) > 0 else { continue }
            for (index, ready) in ends.enumerated() where ready.revents != 0 {
                let count = recv(ready.fd, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                guard !isCut, let upstream else { continue }
                var sent = 0
                while sent < count {
                    let passed = send(
                        index == 0 ? upstream : client,
                        Array(buffer[sent..<count]),
                        count - sent,
                        Int32(MSG_NOSIGNAL)
                    )
                    guard passed > 0 else { return }
                    sent += passed
                }
            }
        }
    }
}
