import SyncClient
import SyncProtocol
import SyncServer
import Testing

struct BudgetTests {
    /// What a sync took on the wire, with its heads.
    private func weight(_ report: SyncReport) -> Int {
        report.bytes.sent + report.bytes.received + report.roundTrips * 720
    }

    @Test(
        "[F-10] a sync ends within its budget, and the rest comes with the next",
        arguments: [6_000, 10_000]
    )
    func budget(bytes: Int) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let chen = try await world.device(named: "陈建国")
        for number in 0..<300 {
            try await lin.client.capture(
                Sample.person(
                    "第\(number)位\(number * 7_919 % 1_000)",
                    passport: "E\(10_000_000 + number)"
                )
            )
            if number.isMultiple(of: 3) {
                try await chen.client.capture(Sample.dwelling("渔港路\(number)号\(number * 31)室"))
            }
        }
        try await lin.sync()

        var reports: [SyncReport] = []
        var haveEnded: [Bool] = []
        repeat {
            reports.append(try await chen.client.sync(budget: bytes))
            haveEnded.append(try await chen.client.profile()?.lastSync != nil)
        } while reports.last?.isCut == true && reports.count < 50

        let people = try await chen.client.count(of: Person.recordType)
        #expect(reports.count > 1)
        #expect(
            reports.allSatisfy { weight($0) * 20 <= bytes * 21 },
            "\(reports.map(weight)) \(reports.map(\.bytes))"
        )
        // What may be spent is spent: nobody comes ten times for what fits into three.
        #expect(reports.dropLast().allSatisfy { weight($0) * 2 >= bytes })
        #expect(people == 300)
        #expect(haveEnded == reports.map { !$0.isCut }, "what was cut off is no sync that ended")
        #expect(reports.last?.unanswered == 0)
    }

    @Test("[F-10] what went into requests that nobody answered is spent, too")
    func lost() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        for number in 0..<100 { try await lin.client.capture(Sample.person("第\(number)位")) }
        lin.weather.next(.answerLost, .answerLost, .answerLost, .answerLost, .answerLost)

        let report = try await lin.client.sync(budget: 6_000)

        #expect(report.isCut && report.roundTrips == 0)
        #expect(report.lost > 3_000 && report.lost < 6_300)
        let after = try await lin.sync()
        #expect(after.unanswered == 0)
    }

    @Test func `no budget is too large`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))

        let report = try await lin.client.sync(budget: .max)

        #expect(!report.isCut && report.unanswered == 0)
    }

    @Test func `a sync without a budget is never cut`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))

        let report = try await lin.client.sync()

        #expect(!report.isCut)
    }
}
