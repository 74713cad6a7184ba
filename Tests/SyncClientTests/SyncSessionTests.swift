import SyncClient
import SyncProtocol
import Testing

struct SyncSessionTests {
    @Test func `a session begins by sending as much as the limits allow`() {
        var session = SyncSession(limits: Limits())

        let action = session.handle(.started)

        #expect(action.word == "send 500")
    }

    @Test func `what was answered is applied before anything else is sent`() {
        var session = SyncSession(limits: Limits())
        _ = session.handle(.started)

        let action = session.handle(.answered(SyncResponse()))

        #expect(action.word == "apply")
    }

    @Test(arguments: [
        Applied(hasMore: false, answered: 0, unanswered: 0, then: "finish"),
        Applied(hasMore: false, answered: 5, unanswered: 0, then: "finish"),
        Applied(hasMore: true, answered: 5, unanswered: 0, then: "send 500"),
        Applied(hasMore: false, answered: 5, unanswered: 7, then: "send 500"),
        // A server that answers and takes nothing is not asked for ever.
        Applied(hasMore: false, answered: 0, unanswered: 7, then: "finish"),
        Applied(hasMore: true, answered: 0, unanswered: 7, then: "send 500"),
    ])
    func `after an answer it goes on while there is more, and while something moves`(
        story: Applied
    ) {
        var session = SyncSession(limits: Limits())
        var response = SyncResponse()
        response.hasMore = story.hasMore
        _ = session.handle(.started)
        _ = session.handle(.answered(response))

        let action = session.handle(
            .applied(.init(answered: story.answered, received: 1, unanswered: story.unanswered))
        )

        #expect(action.word == story.then)
    }

    @Test(arguments: [
        Failed(code: "server_unreachable", isUnreachable: true, then: "wait 2.0 seconds"),
        Failed(code: "database_busy", then: "wait 2.0 seconds"),
        Failed(code: "disk_full", then: "wait 2.0 seconds"),
        Failed(code: "database_unavailable", retryAfter: 5, then: "wait 7.0 seconds"),
        Failed(code: "internal", then: "wait 2.0 seconds"),
        Failed(code: "token_time", serverTime: 12, then: "setClock 12"),
        Failed(code: "token_time", then: "giveUp token_time"),
        Failed(code: "body_too_large", then: "send 250"),
        Failed(code: "batch_too_large", then: "send 250"),
        Failed(code: "device_forked", then: "giveUp device_forked"),
        Failed(code: "device_awaits_confirmation", then: "readmit"),
        Failed(code: "sequence_gap", then: "prove"),
        Failed(code: "device_unknown", then: "readmit"),
        Failed(code: "local_failure", then: "giveUp local_failure"),
    ])
    func `each failure has one answer`(failure: Failed) {
        var session = SyncSession(limits: Limits())
        _ = session.handle(.started)

        let action = session.handle(.failed(failure.asTransportFailure, chance: 1))

        #expect(action.word == failure.then)
    }

    @Test func `pauses grow, and end at a minute`() {
        var limits = Limits()
        limits.attempts = 9
        var session = SyncSession(limits: limits)
        _ = session.handle(.started)
        var words: [String] = []

        for _ in 1...9 {
            let action = session.handle(.failed(.unreachable, chance: 1))
            words.append(action.word)
            _ = session.handle(.waited)
        }

        let pauses = ["2.0", "4.0", "8.0", "16.0", "32.0", "60.0", "60.0", "60.0"]
        #expect(words == pauses.map { "wait \($0) seconds" } + ["giveUp server_unreachable"])
    }

    @Test func `an answer that was applied makes the count of failures begin again`() {
        var limits = Limits()
        limits.attempts = 2
        var session = SyncSession(limits: limits)
        _ = session.handle(.started)
        _ = session.handle(.failed(.unreachable, chance: 1))
        _ = session.handle(.waited)
        _ = session.handle(.answered(SyncResponse()))
        _ = session.handle(.applied(.init(answered: 1, received: 1, unanswered: 1)))

        let action = session.handle(.failed(.unreachable, chance: 1))

        #expect(action.word == "wait 2.0 seconds")
    }

    @Test("[W-06] halving ends at one change")
    func halvingEnds() {
        var limits = Limits()
        limits.changesPerBatch = 3
        var session = SyncSession(limits: limits)
        _ = session.handle(.started)
        let tooLarge = Failed(code: "body_too_large", then: "").asTransportFailure

        let first = session.handle(.failed(tooLarge, chance: 0))
        let second = session.handle(.failed(tooLarge, chance: 0))

        #expect(first.word == "send 1")
        #expect(second.word == "giveUp body_too_large")
    }

    @Test("[T-02] the clock is set once in a sync")
    func clockOnce() {
        var session = SyncSession(limits: Limits())
        _ = session.handle(.started)
        let off = Failed(code: "token_time", serverTime: 12, then: "").asTransportFailure

        _ = session.handle(.failed(off, chance: 0))
        let again = session.handle(.clockSet)
        let second = session.handle(.failed(off, chance: 0))

        #expect(again.word == "send 500")
        #expect(second.word == "giveUp token_time")
    }
}
