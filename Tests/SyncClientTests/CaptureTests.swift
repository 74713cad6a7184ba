import SyncClient
import SyncProtocol
import Testing

struct CaptureTests {
    @Test("[D-01] a device sees its own writes at once, with no network")
    func offline() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        lin.weather.otherwise(.requestLost)

        let id = try await lin.client.capture(Sample.person("张三", passport: "E12345678"))
        try await lin.remark(id, "周末在家")

        let read = try await lin.person(id)
        let found = try await lin.client.search("e12345").map(\.id)
        let listed = try await lin.client.records(of: Person.recordType, in: Sample.harbour)
        let elsewhere = try await lin.client.records(of: Person.recordType, in: Sample.hill)
        let count = try await lin.client.count(of: Person.recordType)
        #expect(read?.name == "张三")
        #expect(read?.remark == "周末在家")
        #expect(found == [id])
        #expect(listed.map(\.id) == [id])
        #expect(elsewhere.isEmpty)
        #expect(count == 1)
    }

    @Test func `every word of a search has to occur, in either width`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三", passport: "E12345678"))
        try await lin.client.capture(Sample.person("张山", passport: "E99999999"))

        let both = try await lin.client.search("张")
        let one = try await lin.client.search("张 ｅ１２")
        let none = try await lin.client.search("   ")

        #expect(both.count == 2)
        #expect(one.map(\.id) == [id])
        #expect(none.isEmpty)
    }

    @Test func `a person captured again is the same record, laid over what was known`() async throws
    {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        var first = Sample.person("张三")
        first.phones = ["13800000001"]
        first.remark = "门牌已换"
        var second = Sample.person("张三丰")
        second.phones = ["13800000002"]

        let id = try await lin.client.capture(first)
        let again = try await lin.client.capture(second)

        let read = try await lin.person(id)
        let count = try await lin.client.count(of: Person.recordType)
        #expect(again == id)
        #expect(count == 1)
        #expect(read?.name == "张三丰")
        #expect(read?.remark == "门牌已换")
        #expect(read?.phones == ["13800000001", "13800000002"])
    }

    @Test func `a capture that breaks a rule is refused and leaves nothing`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")

        let code = try await errorCode {
            try await lin.client.capture(Sample.person(""))
        }

        let status = try await lin.client.status()
        #expect(code == "name_missing")
        #expect(status.unanswered == 0)
        #expect(status.counts.isEmpty)
    }

    @Test func `an edit that changes nothing is no change`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))

        try await lin.rename(id, to: "张三")

        let status = try await lin.client.status()
        #expect(status.unanswered == 1)
    }

    @Test func `what nobody here holds can be neither edited nor deleted`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let unknown = lin.clock.environment.mintID()

        let edited = try await errorCode { try await lin.rename(unknown, to: "张三") }
        let deleted = try await errorCode {
            try await lin.client.delete(unknown, reason: Change.Deletion(reason: 1, text: ""))
        }

        #expect(edited == "record_unknown")
        #expect(deleted == "record_unknown")
    }

    @Test func `a device that is not enrolled captures nothing`() async throws {
        let world = try await World()
        let stranger = try world.stranger(named: "陌生人")

        let code = try await errorCode {
            try await stranger.client.capture(Sample.person("张三"))
        }

        #expect(code == "not_enrolled")
    }

    @Test func `four digits of an id suffice, and no fewer`() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        let digits = id.description

        let found = try await lin.client.record(withPrefix: String(digits.prefix(4)))
        let whole = try await lin.client.record(withPrefix: digits.uppercased())
        let tooFew = try await errorCode {
            try await lin.client.record(withPrefix: String(digits.prefix(3)))
        }

        #expect(found.id == id)
        #expect(whole.id == id)
        #expect(tooFew == "record_unknown")
    }

    @Test("[Q-01] captures survive a restart and are numbered on from there")
    func restart() async throws {
        let world = try await World()
        let before = try await world.device(named: "林小梅")
        let first = try await before.client.capture(Sample.person("张三", passport: "E1"))

        let after = try before.reopen()
        let second = try await after.client.capture(Sample.person("李四", passport: "E2"))
        try await after.sync()

        let sent = after.weather.requests.flatMap(\.payloads)
        let records = try sent.map { try Change(payload: $0, epoch: .none).record }
        let numbers = after.weather.requests.map(\.firstSequence.rawValue)
        #expect(records == [first, second])
        #expect(numbers == [1])
    }
}
