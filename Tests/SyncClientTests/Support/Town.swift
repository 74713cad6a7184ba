import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// A device that holds an accepted person, and a server that refuses some remarks.
struct Town {
    let rules = Wary()
    let world: World
    let lin: Device
    let id: RecordID
    private let reviewer: Principal

    init(
        changesPerBatch: Int = 500,
        attempts: Int = 6,
        areas: [AreaCode] = [Sample.harbour],
        changeBytes: Int = Limits().changeBytes
    ) async throws {
        var limits = Limits()
        limits.changesPerBatch = changesPerBatch
        limits.attempts = attempts
        var served = Limits()
        served.changeBytes = changeBytes
        world = try await World(rules: rules, limits: served)
        lin = try await world.device(named: "林小梅", areas: areas, limits: limits)
        id = try await lin.client.capture(Sample.person("张三"))
        try await lin.sync()
        _ = try await world.device(named: "胡敏", role: .reviewer)
        let known = try await world.service.devices().first { $0.name == "胡敏" }
        reviewer = Principal(try #require(known))
    }

    @discardableResult
    func say(_ remark: String) async throws -> SyncReport {
        try await lin.remark(id, remark)
        return try await lin.sync()
    }

    /// Captures somebody with a remark that the server will refuse.
    func captureRefused() async throws -> RecordID {
        var person = Sample.person("李四", passport: "E2")
        person.remark = Wary.refused
        return try await lin.client.capture(person)
    }

    func register(_ person: RecordID) async throws -> RecordID {
        let home = try await lin.client.capture(Sample.dwelling("渔港路1号"))
        return try await lin.client.capture(Sample.registration(of: person, at: home))
    }

    /// Mends a capture: its number was wrong, too.
    func correctNumber(of wrong: RecordID) async throws -> RecordID {
        try await lin.client.mend(wrong) { fields, _ in
            fields.setting(text: "E3", of: 4).clearing([17])
        }
    }

    /// Throws the oldest returned change away, or the latest.
    func discard(because reason: String, latest: Bool = false) async throws {
        let all = try await world.returned()
        let id = try #require(latest ? all.last : all.first).id
        try await world.service.discard(id, reason: reason, for: reviewer)
    }

    /// Mends the oldest returned change at the server.
    func mendAtServer(_ fields: FieldMap, clearing names: [String] = []) async throws {
        let request = MendRequest(fields: fields, of: Person.recordType.number, clears: names)
        _ = try await world.service.mend(try await oldest(), request, for: reviewer)
    }

    private func oldest() async throws -> UInt64 {
        let all = try await world.returned()
        return try #require(all.first).id
    }

    /// How much is returned and not settled: on the device, and on the server.
    func left() async throws -> [Int] {
        [try await lin.client.returnedCaptures().count, try await world.returned().count]
    }

    func lastSent() throws -> Change {
        let payload = try #require(lin.weather.requests.flatMap(\.payloads).last)
        return try Change(payload: payload, epoch: .none)
    }
}
