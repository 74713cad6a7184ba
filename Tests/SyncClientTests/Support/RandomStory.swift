import Chance
import SyncClient
import SyncProtocol

/// Three devices of one area at work for a while, made from a seed; then everybody syncs twice.
struct RandomStory {
    let world: World
    let devices: [Device]
    private var random: SplitMix64
    private var dwellings = 0

    init(seed: UInt64) async throws {
        let world = try await World()
        var devices: [Device] = []
        for name in ["林小梅", "陈建国", "胡敏"] {
            devices.append(try await world.device(named: name))
        }
        self.world = world
        self.devices = devices
        random = SplitMix64(seed: seed)
    }

    mutating func run(steps: Int) async throws {
        for _ in 0..<steps {
            world.pass(Int64(random.below(60_000)))
            try await step(on: devices[random.below(devices.count)])
        }
        for device in devices + devices {
            device.weather.next()
            try await device.sync()
        }
    }

    private mutating func step(on device: Device) async throws {
        switch random.below(10) {
        case 0, 1: try await capturePerson(on: device)
        case 2: try await captureHome(on: device)
        case 3, 4, 5: try await edit(on: device)
        case 6: try await correctName(on: device)
        default: try await sync(device)
        }
    }

    private mutating func capturePerson(on device: Device) async throws {
        var person = Sample.person(name, passport: "E\(random.below(8))")
        person.phones = ["1380000000\(random.below(4))"]
        try await device.client.capture(person)
    }

    /// A dwelling, and the registration of somebody known who lives there.
    private mutating func captureHome(on device: Device) async throws {
        let people = try await device.client.records(of: Person.recordType)
        guard !people.isEmpty else { return }
        let person = people[random.below(people.count)].id
        dwellings += 1
        let home = try await device.client.capture(Sample.dwelling("渔港路\(dwellings)号"))
        try await device.client.capture(Sample.registration(of: person, at: home))
    }

    /// Writes, or clears, the remark of anything.
    private mutating func edit(on device: Device) async throws {
        let types = Self.types
        let type = types[random.below(types.count)]
        let records = try await device.client.records(of: type)
        guard !records.isEmpty, let remark = type.field(named: "remark")?.number else { return }
        let id = records[random.below(records.count)].id
        let text = ["", "在家", "外出", "已搬走"][random.below(4)]
        try await device.client.edit(id) { fields, _ in fields.setting(text: text, of: remark) }
    }

    private mutating func correctName(on device: Device) async throws {
        let people = try await device.client.records(of: Person.recordType)
        guard !people.isEmpty else { return }
        try await device.rename(people[random.below(people.count)].id, to: name)
    }

    private mutating func sync(_ device: Device) async throws {
        let fates: [Weather.Fate] = [
            .arrives, .arrives, .requestLost, .answerLost, .answerCut, .repeated,
        ]
        device.weather.next(fates[random.below(fates.count)])
        try await device.sync()
    }

    private var name: String {
        mutating get { ["张三", "张山", "章三"][random.below(3)] }
    }

    static let types = [Person.recordType, Dwelling.recordType, Registration.recordType]
}
