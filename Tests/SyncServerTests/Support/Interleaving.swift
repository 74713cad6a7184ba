import Chance
import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust

/// Three coordinators and a reviewer at work, made from a seed.
struct Interleaving {
    /// A change as its device sent it, and what became of it.
    struct Said {
        let device: DeviceID
        let change: Change
        let outcome: Outcome
    }

    /// What a device sent at once.
    struct Batch: Sendable {
        let device: Int
        let payloads: [[UInt8]]
    }

    /// What a person sees of a record, their own unsent changes included.
    struct View {
        var seen = Revision.none
        var fields = FieldMap()
        var clock: Int64 = 0
        var isLive = true
    }

    /// A device, what its holder sees, and what waits.
    struct Hand {
        /// By how much its clock is off, in milliseconds.
        let skew: Int64
        var views: [RecordID: View] = [:]
        var waiting: [Change] = []
    }

    static let people = [id(1), id(2)]
    static let stay = id(3)
    static let home = id(4)
    static let records = people + [stay, home]
    private static let noon: Int64 = 1_767_268_800_000
    private static let year: Int64 = 365 * 86_400_000

    let world: World
    private(set) var said: [Said] = []
    private(set) var batches: [Batch] = []
    private var devices: [TestDevice]
    private var hands: [Hand] = []
    private var looks: [RecordID: [RecordState]] = [:]
    private var random: SplitMix64
    private var now = Self.noon

    var outcomes: [Outcome] { said.map(\.outcome) }

    init(seed: UInt64, in world: World, steps: Int = 70) async throws {
        self.world = world
        random = SplitMix64(seed: seed)
        devices = try await Self.crew(of: world)
        for _ in devices {
            hands.append(Hand(skew: [0, 3, -2, 7][random.below(4)] * Self.year))
        }
        queue(blank(Self.home, by: 0).saying(dwelling(in: Town.gaoting).fieldMap), by: 0)
        capture(Self.people[0], by: 0)
        let lives = registration(of: Self.people[0], at: Self.home, in: Town.gaoting).fieldMap
        queue(blank(Self.stay, by: 0).saying(lives), seeing: lives, by: 0)
        try await flush(0)
        for device in devices.indices { for id in Self.records { read(id, by: device) } }
        for _ in 0..<steps { try await step() }
        for device in devices.indices { try await flush(device) }
    }

    static func crew(of world: World) async throws -> [TestDevice] {
        var crew: [TestDevice] = []
        for name in ["林小梅", "陈建国", "胡敏"] {
            crew.append(try await world.device(named: name, areas: Town.gaoting))
        }
        crew.append(try await world.device(named: "周审核", areas: Town.gaoting, role: .reviewer))
        return crew
    }

    /// Sends the same batches in a new world, cut anywhere, each piece twice.
    static func play(
        _ batches: [Batch],
        in world: World,
        seed: UInt64
    ) async throws -> [Outcome] {
        var random = SplitMix64(seed: seed ^ 0xFFFF)
        var devices = try await crew(of: world)
        var outcomes: [Outcome] = []
        for batch in batches {
            var start = devices[batch.device].payloads.count + 1
            devices[batch.device].number(batch.payloads)
            let device = devices[batch.device]
            for end in start...device.payloads.count
            where end == device.payloads.count || random.happens(oneIn: 2) {
                _ = try await device.resend(start...end)
                outcomes += try await device.resend(start...end).outcomes
                start = end + 1
            }
        }
        return outcomes
    }

    private mutating func step() async throws {
        now += Int64(1 + random.below(50))
        let device = random.below(devices.count)
        let id = [Self.people[0], Self.people[0], Self.people[1], Self.people[1], Self.stay][
            random.below(5)
        ]
        switch random.below(20) {
        case 0...3: try await flush(device)
        case 4...6: read(id, by: device, latest: false)
        case 7: try await resolve(by: devices.count - 1)
        case 8: delete(id, by: device)
        case 9: takeBack(by: device) { $0.isDeleted }
        case 10, 11: redirect(by: device)
        case 12: takeBack(by: device) { $0.redirect != nil }
        default: edit(id, by: device)
        }
    }

    // MARK: - Reading and sending

    private func isWaiting(_ id: RecordID, _ device: Int) -> Bool {
        hands[device].waiting.contains { $0.record == id }
    }

    private mutating func read(_ id: RecordID, by device: Int, latest: Bool = true) {
        let view = hands[device].views[id] ?? View()
        let news = (looks[id] ?? []).filter { $0.revision >= view.seen }
        guard !isWaiting(id, device), let last = news.last else { return }
        let look = latest ? last : news[random.below(news.count)]
        hands[device].views[id] = View(
            seen: look.revision,
            fields: look.fields,
            clock: max(view.clock, look.stamps.clock),
            isLive: look.isLive
        )
    }

    private mutating func flush(_ device: Int) async throws {
        let changes = hands[device].waiting
        guard !changes.isEmpty else { return }
        hands[device].waiting = []
        let first = devices[device].payloads.count + 1
        let payloads = changes.map(\.payload)
        devices[device].number(payloads)
        batches.append(Batch(device: device, payloads: payloads))
        let sender = devices[device]
        let answer = try await sender.resend(first...sender.payloads.count)
        for (change, outcome) in zip(changes, answer.outcomes) {
            said.append(Said(device: sender.id, change: change, outcome: outcome))
        }
        let ids = Self.records
        // What stands nowhere reaches nobody.
        for (id, record) in try await world.store.read({ try $0.records(ids) })
        where !record.placements.isEmpty && looks[id]?.last?.revision != record.state.revision {
            looks[id, default: []].append(record.state)
        }
    }

    private mutating func queue(
        _ change: Change,
        seeing fields: FieldMap? = nil,
        by device: Int,
        isLive: Bool = true
    ) {
        var view = hands[device].views[change.record] ?? View()
        view.clock = change.observedAt
        view.fields = fields ?? view.fields
        view.isLive = isLive
        hands[device].views[change.record] = view
        hands[device].waiting.append(change)
    }

    private static func type(of id: RecordID) -> RecordType {
        switch id {
        case stay: Registration.recordType
        case home: Dwelling.recordType
        default: Person.recordType
        }
    }

    private func blank(_ id: RecordID, by device: Int) -> Change {
        let view = hands[device].views[id] ?? View()
        var change = Change(
            record: id,
            type: Self.type(of: id).number,
            base: view.seen == .none
                ? .none : Base(epoch: world.epoch, revision: view.seen),
            observedAt: max(now + hands[device].skew, view.clock + 1)
        )
        change.grant = 1
        return change
    }

    // MARK: - What people do

    private mutating func capture(_ id: RecordID, by device: Int) {
        let fields = varied(person(in: Town.gaoting).fieldMap)
        queue(blank(id, by: device).saying(fields), seeing: fields, by: device)
    }

    private mutating func edit(_ id: RecordID, by device: Int) {
        guard let view = hands[device].views[id] else { return capture(id, by: device) }
        guard view.isLive else { return }
        let wanted = id == Self.stay ? moved(view.fields, by: device) : varied(view.fields)
        let change = blank(id, by: device)
            .leading(from: view.fields, to: wanted, as: Self.type(of: id))
        if !change.touched.isEmpty { queue(change, seeing: wanted, by: device) }
    }

    /// A person as somebody says now that they are.
    private mutating func varied(_ seen: FieldMap) -> FieldMap {
        var wanted = seen
        if random.happens(oneIn: 3) { wanted = wanted.setting(text: word("王"), of: 1) }
        if random.happens(oneIn: 3) { wanted = wanted.setting(text: word(""), of: 17) }
        if random.happens(oneIn: 5) {
            wanted = wanted.setting(varint: [1, 22, 97][random.below(3)], of: 6)
            wanted = wanted.setting(text: word(""), of: 7)
        }
        if random.happens(oneIn: 3) {
            let phones = ["1", "2", "3"].filter { _ in random.happens(oneIn: 2) }
            wanted = wanted.clearing([14]).merging(Person { $0.phones = phones }.fieldMap)
        }
        return wanted
    }

    /// A registration as somebody says now that it is.
    private mutating func moved(_ seen: FieldMap, by device: Int) -> FieldMap {
        var wanted = seen
        if random.happens(oneIn: 2) {
            wanted = wanted.setting(varint: UInt64(20_260_401 + random.below(4)), of: 5)
        }
        if random.happens(oneIn: 3) { wanted = wanted.setting(text: word(""), of: 14) }
        let person = Self.people[random.below(2)]
        if random.happens(oneIn: 5), hands[device].views[person]?.isLive == true {
            wanted = wanted.setting(bytes: person.bytes, of: 1)
        }
        return wanted
    }

    private mutating func word(_ prefix: String) -> String {
        let word = ["甲", "乙", "丙", ""][random.below(prefix.isEmpty ? 4 : 3)]
        return prefix + word
    }

    private mutating func delete(_ id: RecordID, by device: Int) {
        guard let view = hands[device].views[id], view.isLive, view.seen != .none else { return }
        var change = blank(id, by: device)
        change.deletion = Change.Deletion(reason: 1, text: "")
        queue(change, by: device, isLive: false)
    }

    /// Takes back a deletion, or a redirect, that whoever does it has heard of.
    private mutating func takeBack(by device: Int, _ isWanted: (RecordState) -> Bool) {
        let found = Self.records.first { id in
            !isWaiting(id, device) && looks[id]?.last.map(isWanted) == true
        }
        guard let id = found else { return }
        read(id, by: device)
        var change = blank(id, by: device)
        change.split = looks[id]?.last?.redirect != nil
        change.undelete = !change.split
        queue(change, by: device)
    }

    private mutating func redirect(by device: Int) {
        let from = random.below(2)
        let (source, target) = (Self.people[from], Self.people[1 - from])
        guard let view = hands[device].views[source], view.isLive, view.seen != .none,
            hands[device].views[target]?.isLive == true
        else { return }
        var change = blank(source, by: device)
        change.redirect = target
        queue(change, by: device, isLive: false)
    }

    private mutating func resolve(by device: Int) async throws {
        let open = try await world.store.read { try $0.openConflicts(after: nil, limit: 50) }
            .filter { $0.conflict.kind == .field || $0.conflict.kind == .existence }
        guard !open.isEmpty else { return }
        let entry = open[random.below(open.count)]
        guard !isWaiting(entry.record, device), let type = Schema.current.type(entry.type) else {
            return
        }
        read(entry.record, by: device)
        guard let view = hands[device].views[entry.record] else { return }
        var change = blank(entry.record, by: device)
        change.resolution = Change.Resolution(
            conflict: entry.id,
            choice: random.happens(oneIn: 2) ? .standing : .proposed
        )
        change = change.settling(entry, over: view.fields, of: type)
        let fields = view.fields.merging(change.fields).clearing(change.clears)
        let isLive = view.isLive && change.deletion == nil
        queue(change, seeing: fields, by: device, isLive: isLive)
    }
}

extension Change {
    fileprivate func saying(_ fields: FieldMap) -> Change {
        var change = self
        change.fields = fields
        return change
    }

    /// The change that leads from what somebody sees to what they want.
    fileprivate func leading(
        from seen: FieldMap,
        to wanted: FieldMap,
        as type: RecordType
    ) -> Change {
        var change = self
        for field in type.fields where field.unit.first == field.number {
            guard seen.keeping(field.unit) != wanted.keeping(field.unit) else { continue }
            guard field.isSet else {
                change.fields = change.fields.merging(wanted.keeping(field.unit))
                change.clears += field.unit.filter { wanted[$0] == nil }
                continue
            }
            let before = Set(seen.elements(of: field.number))
            let after = Set(wanted.elements(of: field.number))
            change.fields = change.fields.settingElements(
                Array(after.subtracting(before)),
                of: field.number
            )
            change.removed = change.removed.settingElements(
                Array(before.subtracting(after)),
                of: field.number
            )
        }
        change.clears.sort()
        return change
    }
}
