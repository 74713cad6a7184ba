import SyncClient
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct ReceiptTests {
    @Test("[Q-07] a device keeps the server's word for its changes: number, chain, epoch and time")
    func kept() async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let before = try await lin.client.lastReceipt()
        world.pass(Sample.minute)

        for number in 1...2 {
            try await lin.client.capture(Sample.person("张三", passport: "E\(number)"))
        }
        try await lin.sync()
        try await lin.sync()

        let sent = lin.weather.requests.first { !$0.payloads.isEmpty }
        let found = try await lin.reopen().client.lastReceipt()
        let receipt = try #require(found)
        let profile = try await lin.client.profile()
        let key = try #require(PublicKey(bytes: profile?.serverKey ?? []))
        #expect(before == nil)
        #expect(receipt.device == profile?.device)
        #expect(receipt.sequence == SequenceNumber(rawValue: 2))
        #expect(receipt.chain == sent?.chain)
        #expect(receipt.epoch == profile?.epoch)
        #expect(receipt.time == world.clock.now)
        #expect(key.verifies(receipt.signature, of: receipt.signedBytes))
    }

    /// What is wrong with the receipt of an answer.
    enum Forgery: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case missing
        case signature
        case anotherDevice
        case anotherNumber
        case anotherChain
        case anotherEpoch
        /// The signature alone of the right receipt, in an answer that says another number.
        case bareOfAnother
        /// Signed by the server, for what it had before.
        case earlier

        var testDescription: String { rawValue }
    }

    @Test(
        "[Q-07] nothing is taken from an answer whose receipt does not fit, and the next one is",
        arguments: Forgery.allCases
    )
    func refused(forgery: Forgery) async throws {
        let story = try await Answered()
        let lin = story.lin
        let forged = try await story.forged(forgery)

        lin.weather.next(.answered(forged))
        let code = try await errorCode { try await lin.sync() }
        let between = try await story.standing()
        let receipt = try await lin.client.lastReceipt()
        try await lin.sync()

        let after = try await story.standing()
        let last = try await lin.client.lastReceipt()
        #expect(code == "receipt_invalid")
        #expect(between == Answered.Standing(unanswered: 1, revision: Revision(rawValue: 1)))
        #expect(receipt == story.earlier)
        #expect(after == Answered.Standing(unanswered: 0, revision: Revision(rawValue: 2)))
        #expect(last?.sequence == SequenceNumber(rawValue: 2))
    }

    @Test(
        "[Q-10] a device keeps the same receipt whole, whether it came whole or as its signature alone"
    )
    func bareOrWhole() async throws {
        let story = try await Answered()
        let lin = story.lin

        lin.weather.next(.answered(story.real))
        try await lin.sync()
        let fromWhole = try await lin.client.lastReceipt()
        try await lin.remark(story.id, "周末不在家")
        try await lin.sync()
        let fromBare = try await lin.client.lastReceipt()

        let request = try #require(lin.weather.requests.last { !$0.payloads.isEmpty })
        let told = try await story.world.service.sync(request, from: story.earlier.device)
        #expect(fromWhole == story.real.receipt)
        #expect(told.receipt == nil)
        #expect(told.receiptSignature == fromBare?.signature)
        #expect(told.withReceipt(for: story.earlier.device).receipt == fromBare)
        #expect(fromBare?.sequence == SequenceNumber(rawValue: 3))
    }

    @Test(
        "[T-02] no number in an answer stops a device, or breaks its clock for longer than that",
        arguments: [Int64.min, -1, 0, Int64.max]
    )
    func hostileNumbers(serverTime: Int64) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let answer = hostile(id, at: serverTime, in: try await lin.epoch())

        lin.weather.next(.answered(answer))
        try await lin.sync()
        try await lin.remark(id, "周末在家")
        try await lin.client.capture(Sample.person("李四", passport: "E2"))
        let report = try await lin.sync()

        let profile = try await lin.client.profile()
        let counts = try await world.service.counts()
        #expect(report.unanswered == 0)
        #expect(profile?.clockOffset == 0)
        #expect(profile?.lastSync == world.clock.now)
        #expect(counts.records[1] == 2)
    }

    @Test(
        "[T-02] no time that a refusal names stops a device that asks for a history",
        arguments: [Int64.min, -1, Int64.max]
    )
    func hostileTime(serverTime: Int64) async throws {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        let id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let refusal = SyncError("token_time", "The token's time is off", hint: "Sign again.")

        lin.weather.next(.refused(refusal, serverTime: serverTime))
        let code = try await errorCode { try await lin.client.history(of: id) }
        try await lin.sync()

        let profile = try await lin.client.profile()
        let steps = try await lin.client.history(of: id).steps
        #expect(code == "token_time")
        #expect(profile?.clockOffset == 0)
        #expect(steps.map(\.act) == [.capture])
    }

    @Test func `a server that promises more and gives nothing is not asked for ever`() async throws
    {
        let world = try await World()
        let lin = try await world.device(named: "林小梅")
        try await lin.client.capture(Sample.person("张三"))
        var answer = SyncResponse()
        answer.epoch = try await lin.epoch()
        answer.serverTime = world.clock.now
        answer.hasMore = true

        let before = lin.weather.requests.count
        lin.weather.otherwise(.answered(answer))
        let report = try await lin.sync()

        #expect(report.unanswered == 1)
        #expect(lin.weather.requests.count == before + 1)
    }

    @Test func `a server whose pages lead no further is not asked for ever`() async throws {
        let world = try await World()
        var limits = Limits()
        limits.attempts = 1
        let lin = try await world.device(named: "林小梅", limits: limits)
        try await lin.client.capture(Sample.person("张三"))
        var answer = SyncResponse()
        answer.epoch = try await lin.epoch()
        answer.serverTime = world.clock.now
        answer.hasMore = true
        answer.pages = [AreaPage(area: Sample.harbour, position: .start, floor: .start)]
        let again = Weather.Fate.answered(answer)

        // A device that never stops asking finds no network after a while.
        lin.weather.next(again, again, again, again, again, again)
        lin.weather.otherwise(.requestLost)
        let before = lin.weather.requests.count
        let code = try await errorCode { try await lin.sync() }

        #expect(code == nil)
        #expect(lin.weather.requests.count < before + 6)
    }

    /// An answer every number of which is as large as it can be.
    private func hostile(
        _ id: RecordID,
        at serverTime: Int64,
        in epoch: Epoch
    ) -> SyncResponse {
        let most = Position(rawValue: .max)
        var page = AreaPage(area: Sample.harbour, position: most, floor: most)
        page.records = [
            RecordCopy(
                id: id,
                type: Person.recordType.number,
                revision: Revision(rawValue: .max),
                message: Sample.person("张山").fieldMap.bytes,
                isDeleted: false,
                clock: .max
            )
        ]
        var answer = SyncResponse()
        answer.epoch = epoch
        answer.serverTime = serverTime
        answer.highWater = SequenceNumber(rawValue: .max)
        answer.backedUp = SequenceNumber(rawValue: .max)
        answer.pages = [page]
        answer.settlements = [
            Settlement(
                number: .max,
                sequence: SequenceNumber(rawValue: .max),
                kind: .mended,
                by: "",
                reason: "",
                settledAt: .max
            )
        ]
        return answer
    }
}

/// The server has a second change of Lin's device, whose answer was lost.
private struct Answered {
    /// How things stand on Lin's device.
    struct Standing: Hashable {
        var unanswered: Int
        /// The revision at which the server last gave the record.
        var revision: Revision?
    }

    let world: World
    let lin: Device
    let id: RecordID
    /// What the server signed for the first change.
    let earlier: SyncReceipt
    /// What it says to the second one.
    let real: SyncResponse

    init() async throws {
        var limits = Limits()
        limits.attempts = 1
        world = try await World()
        lin = try await world.device(named: "林小梅", limits: limits)
        id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        let receipt = try await lin.client.lastReceipt()
        earlier = try #require(receipt)
        try await lin.remark(id, "周末在家")
        lin.weather.next(.answerLost)
        let device = lin
        let code = try await errorCode { try await device.sync() }
        #expect(code == "server_unreachable")
        let lost = device.weather.requests.last
        let request = try #require(lost)
        real = try await world.service.sync(request, from: earlier.device)
            .withReceipt(for: earlier.device)
        #expect(real.outcomes.count == 1)
        #expect(!real.pages.isEmpty)
    }

    func standing() async throws -> Standing {
        let held = try await lin.client.record(id)
        return Standing(
            unanswered: try await lin.client.status().unanswered,
            revision: held?.acknowledged?.base.revision
        )
    }

    /// The server's answer with another receipt than it belongs to.
    func forged(_ forgery: ReceiptTests.Forgery) async throws -> SyncResponse {
        var answer = real
        switch forgery {
        case .missing: answer.receipt = nil
        case .signature: answer.receipt?.signature[0] ^= 1
        case .anotherDevice: answer.claim(try await chens())
        case .anotherNumber: answer.highWater = SequenceNumber(rawValue: 9)
        case .anotherChain: answer.chain[0] ^= 1
        case .anotherEpoch: answer.epoch = Epoch(rawValue: answer.epoch.rawValue + 1)
        case .bareOfAnother:
            answer.receiptSignature = answer.receipt?.signature ?? []
            answer.receipt = nil
            answer.highWater = answer.highWater.next
        case .earlier: answer.claim(earlier)
        }
        return answer
    }

    /// What the server signs for as many changes of another device.
    private func chens() async throws -> SyncReceipt {
        let chen = try await world.device(named: "陈建国")
        for number in 1...2 {
            try await chen.client.capture(Sample.person("李四", passport: "E\(number)"))
        }
        try await chen.sync()
        let receipt = try await chen.client.lastReceipt()
        return try #require(receipt)
    }
}

extension SyncResponse {
    /// Brings another receipt, and agrees with it.
    fileprivate mutating func claim(_ receipt: SyncReceipt) {
        self.receipt = receipt
        highWater = receipt.sequence
        chain = receipt.chain
    }
}
