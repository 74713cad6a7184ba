import Dispatch
import HTTPTypes
import HummingbirdTesting
import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

struct BusyTests {
    @Test("[Q-08] a server that has too much waiting says 429 and when to come back")
    func busy() async throws {
        var limits = Limits()
        limits.waitingBatches = 0
        try await TestHost.run(limits: limits) { host in
            let keys = [
                try await host.enrol("林小梅", in: "330921101"),
                try await host.enrol("陈建国", in: "330921101"),
            ]
            let gate = DispatchSemaphore(value: 0)
            await withCheckedContinuation { (held: CheckedContinuation<Void, Never>) in
                Task {
                    try await host.store.write { _ in
                        held.resume()
                        gate.wait()
                    }
                }
            }

            try await withThrowingTaskGroup(of: TestAnswer.self) { group in
                for key in keys {
                    group.addTask {
                        let answer = try await host.sync(capture(1...1, in: "330921101"), by: key)
                        let code = answer.status == .ok ? nil : try answer.problem().code
                        return TestAnswer(
                            status: answer.status,
                            code: code,
                            retryAfter: answer.headers[.retryAfter]
                        )
                    }
                }
                let refused = try await group.next()
                gate.signal()
                let taken = try await group.next()

                #expect(refused?.status == .tooManyRequests)
                #expect(refused?.code == "server_busy")
                #expect(refused?.retryAfter.flatMap { Int($0) } ?? 0 > 0)
                #expect(taken?.status == .ok)
            }
        }
    }

    private struct TestAnswer {
        var status: HTTPResponse.Status
        var code: String?
        var retryAfter: String?
    }
}
