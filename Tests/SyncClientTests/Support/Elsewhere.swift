import SyncClient
import SyncProtocol
import Testing

/// Lin's device knows that an old number is a person's whose record stands elsewhere.
struct Elsewhere {
    let lin: Device
    /// Who holds both.
    let zhou: Device
    let old: RecordID
    let right: RecordID

    init(rules: any RecordRules = SchemaRules()) async throws {
        let world = try await World(rules: rules)
        lin = try await world.device(named: "林小梅")
        zhou = try await world.device(named: "周立", areas: [Sample.harbour, Sample.hill])
        old = try await zhou.client.capture(Sample.person("张三", passport: "E1"))
        right = try await zhou.client.capture(
            Sample.person("张三", passport: "E2", in: [Sample.hill])
        )
        let home = try await zhou.client.capture(Sample.dwelling("山上路1号", in: Sample.hill))
        try await zhou.client.capture(Sample.registration(of: right, at: home, in: Sample.hill))
        for device in [zhou, lin] { try await device.sync() }
        try await zhou.client.reidentify(old, as: right)
        for device in [zhou, lin] { try await device.sync() }
        let known = try await lin.client.record(old)?.redirect
        let held = try await lin.client.record(right)
        #expect(known == right)
        #expect(held == nil)
    }

    /// Lin meets the person, who shows the old document.
    func captureOldNumber(remark: String = "") async throws {
        var person = Sample.person("张三", passport: "E1")
        person.phones = ["13800000001"]
        person.remark = remark
        try await lin.client.capture(person)
    }
}
