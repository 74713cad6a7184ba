import Dispatch
import HTTPTypes
import HummingbirdTesting
import ServerHTTP
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

    @Test("[A-11] what reads for long waits for its turn, and nobody else for it")
    func longReads() async throws {
        var traffic = TrafficLimits()
        traffic.longReadsAtOnce = 0
        try await TestHost.run(traffic: traffic) { host in
            let key = try await host.enrol(in: "330921101")
            var headers = try await host.headers(of: key)
            headers[.contentType] = "application/json"

            let questions = [
                ("/v1/repair", #"{"branches": []}"#), ("/v1/estimate", #"{"bookmarks": []}"#),
            ]
            for (path, body) in questions {
                let answer = try await host.post(path, Array(body.utf8), headers)
                #expect(answer.status == .tooManyRequests)
                #expect(try answer.problem().code == "server_busy")
                #expect(answer.headers[.retryAfter].flatMap { Int($0) } ?? 0 > 0)
            }
            let synced = try await host.sync(capture(1...1, in: "330921101"), by: key)
            #expect(synced.status == .ok)
        }
    }

    private struct TestAnswer {
        var status: HTTPResponse.Status
        var code: String?
        var retryAfter: String?
    }
}
