public import SyncProtocol
internal import SyncTrust

/// Whose chain a device goes on from, and who may still be one chain with it.
public struct Succession: Hashable, Codable, Sendable {
    /// Numbers at which another device's changes, or the device's own, count as its own.
    public struct Part: Hashable, Codable, Sendable {
        /// Who made them.
        public var device: DeviceID
        /// The last of these numbers; they begin behind the part before.
        public var last: UInt64
    }

    /// The device in whose place it came; `nil` of one that began by itself.
    public var predecessor: DeviceID?
    /// The first of all that it goes on from; `nil` of one that began by itself.
    public var origin: DeviceID?
    /// Who made the changes that count as its own, from number 1 on; what is behind the last part, itself.
    public var parts: [Part] = []
    /// The devices of the same origin whose chains and its own do not part, as far as both go.
    public var kin: [DeviceID] = []
    /// When another key was given out in the place of its own; `nil` while that holds.
    public var rekeyedAt: Int64?
    /// For how much each key before its own had been answered, as that key signed.
    ///
    /// A server that was restored since may have less. `nil` of one that began by itself.
    public var answered: [Part]?

    /// The succession of a device that began by itself.
    public init() {}

    /// The last number that is not simply the device's own.
    var last: SequenceNumber { SequenceNumber(rawValue: parts.last?.last ?? 0) }
}

/// The key in whose place another comes.
struct Predecessor {
    /// The latest of the keys before it that is known here.
    let device: DeviceID
    /// The earliest place that was signed for since.
    let shown: EnrolmentRequest.Predecessor
    /// For how much that key, and those after it, had been answered, as each signed.
    let answered: [Succession.Part]
}

extension StoredDevice {
    /// Whose change has a number among this device's.
    func holder(of sequence: SequenceNumber) -> DeviceID {
        succession.parts.first { sequence.rawValue <= $0.last }?.device ?? id
    }

    /// Whether a change counts as this device's own.
    func counts(_ change: StoredChange) -> Bool { holder(of: change.sequence) == change.device }

    /// Whether the server's word for another device's changes is its word for this one's.
    func counts(_ receipt: SyncReceipt) -> Bool {
        receipt.device == id
            || (receipt.sequence <= succession.last
                && succession.parts.contains { $0.device == receipt.device })
            || (succession.answered ?? []).contains {
                $0.device == receipt.device && receipt.sequence.rawValue <= $0.last
            }
    }

    /// The ids under which it may have captured, its own first.
    ///
    /// Those of keys under which nothing was answered are among them: what was captured then comes under this one.
    var names: [DeviceID] {
        let former = [succession.predecessor, succession.origin].compactMap(\.self)
        var known: Set<DeviceID> = []
        return ([id] + succession.parts.reversed().map(\.device) + former)
            .filter { known.insert($0).inserted }
    }

    /// Takes the next number from where another device has the same change already.
    fileprivate mutating func adopt(_ change: ReadChange, of holder: DeviceID) {
        let next = highWater.next
        if succession.last < highWater {
            succession.parts.append(Succession.Part(device: id, last: highWater.rawValue))
        }
        let end = succession.parts.indices.last
        if let end, succession.parts[end].device == holder {
            succession.parts[end].last = next.rawValue
        } else {
            succession.parts.append(Succession.Part(device: holder, last: next.rawValue))
        }
        highWater = next
        chain = Chain.head(after: chain, hash: change.hash)
        lastGrant = max(lastGrant, min(change.change?.grant ?? 0, grant.number))
    }
}

extension StoreReader {
    /// The changes that have these numbers among a device's, whoever made them.
    func changes(
        countedFor device: StoredDevice,
        in range: ClosedRange<SequenceNumber>
    ) throws -> [StoredChange] {
        var found: [StoredChange] = []
        var next = range.lowerBound
        for part in device.succession.parts where part.last >= next.rawValue {
            let end = min(SequenceNumber(rawValue: part.last), range.upperBound)
            found += try changes(of: part.device, in: next...end)
            next = end.next
            guard next <= range.upperBound else { return found }
        }
        return found + (try changes(of: device.id, in: next...range.upperBound))
    }

    /// The head of a device's chain after a number; `nil` where nobody can tell.
    func chainHead(
        of device: StoredDevice,
        after number: SequenceNumber
    ) throws -> [UInt8]? {
        guard number < device.highWater else {
            return number == device.highWater ? device.chain : nil
        }
        var head = Chain.start
        var next = SequenceNumber.none.next
        while next <= number {
            if let hole = device.holes.first(where: { $0.first == next }) {
                guard hole.last <= number else { return nil }
                (head, next) = (hole.chain, hole.last.next)
                continue
            }
            let hole = device.holes.map(\.first.rawValue).filter { $0 > next.rawValue }.min()
            let end = min(next.rawValue + 999, number.rawValue, (hole ?? .max) - 1)
            let changes = try changes(
                countedFor: device,
                in: next...SequenceNumber(rawValue: end)
            )
            guard changes.count == Int(end - next.rawValue) + 1 else { return nil }
            head = changes.reduce(head) { Chain.head(after: $0, hash: $1.hash) }
            next = SequenceNumber(rawValue: end).next
        }
        return head
    }

    /// What was decided about a device's changes since a number, those included that count as its own.
    func settlements(countedFor device: StoredDevice, after number: UInt64) throws -> [Settlement] {
        let own = try settlements(of: device.id, after: number)
        guard !device.succession.parts.isEmpty else { return own }
        let others = try Set(device.succession.parts.map(\.device)).subtracting([device.id])
            .flatMap { other in
                try settlements(of: other, after: number)
                    .filter { device.holder(of: $0.sequence) == other }
            }
        // Each store gives so many at a time: behind the first of them nothing is left out.
        return Array((own + others).sorted { $0.number < $1.number }.prefix(500))
    }
}

extension StoreTransaction {
    // > [A-12] The new device's numbers and chain go on from the last change that it was answered for; up to
    // > there the old one's changes, grants and returned work count as its own.

    /// Begins a device's chain where that of its predecessor was when it was last answered.
    ///
    /// Throws `predecessor_parted` where that is not the predecessor's chain.
    func begin(
        _ device: inout StoredDevice,
        after predecessor: Predecessor,
        at now: Int64
    ) throws {
        let (former, shown) = (predecessor.device, predecessor.shown)
        guard let known = try self.device(former) else { throw SyncError.deviceUnknown }
        let origin = known.succession.origin ?? former
        // In the order of their ids, so that two of them never wait for each other.
        let family = try devices()
            .filter { $0.id == origin || $0.succession.origin == origin || $0.id == former }
            .map(\.id).sorted().compactMap { try self.device($0) }
        guard let old = family.first(where: { $0.id == former }) else {
            throw SyncError.deviceUnknown
        }
        // A server that was restored may have less: then it goes on from there, as the old key would have.
        let last = min(shown.sequence, old.highWater)
        guard let head = try chainHead(of: old, after: last),
            shown.sequence > last || shown.chain == head
        else { throw SyncError.predecessorParted }
        device.grants = old.grants
        (device.highWater, device.chain) = (last, head)
        device.backedUp = min(old.backedUp, last)
        device.holes = old.holes.filter { $0.last <= last }
        device.suspendedAt = old.suspendedAt
        device.lastGrant = try lastGrant(of: old, at: last)
        device.succession.predecessor = former
        device.succession.origin = origin
        device.succession.answered = latest(
            of: (old.succession.answered ?? []) + predecessor.answered
        )
        device.succession.parts = old.succession.parts.filter { $0.last < last.rawValue }
        if last > .none {
            device.succession.parts.append(
                Succession.Part(device: old.holder(of: last), last: last.rawValue)
            )
        }
        for var relative in family {
            let common = min(relative.highWater, last)
            if let theirs = try chainHead(of: relative, after: common),
                try theirs == chainHead(of: old, after: common)
            {
                device.succession.kin.append(relative.id)
                relative.succession.kin.append(device.id)
            }
            if relative.id == former {
                relative.succession.rekeyedAt = relative.succession.rekeyedAt ?? now
            }
            try save(relative)
        }
    }

    /// What each device was answered for at last; no handheld has had more keys than a hundred.
    private func latest(of parts: [Succession.Part]) -> [Succession.Part] {
        let latest = Dictionary(parts.map { ($0.device, $0.last) }, uniquingKeysWith: max)
        let sorted = latest.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
        return sorted.prefix(100).map { Succession.Part(device: $0.key, last: $0.value) }
    }

    /// Sees to it that a device which asks again, its first answer having been lost, goes on from where it began.
    ///
    /// Throws `predecessor_parted` where it began elsewhere than it shows this time.
    func mustHaveBegun(
        _ device: StoredDevice,
        after predecessor: Predecessor
    ) throws {
        guard let old = try self.device(predecessor.device) else { throw SyncError.deviceUnknown }
        guard device.succession.last == min(predecessor.shown.sequence, old.highWater) else {
            throw SyncError.predecessorParted
        }
    }

    /// The latest grant that a device had used by one of its changes.
    private func lastGrant(of device: StoredDevice, at number: SequenceNumber) throws -> UInt64 {
        guard number < device.highWater else { return device.lastGrant }
        guard number > .none else { return 0 }
        let made = try changes(countedFor: device, in: number...number).first
        let change = made.flatMap { try? Change(payload: $0.payload, epoch: $0.epoch) }
        return min(change?.grant ?? 0, device.lastGrant)
    }
}

extension Intake {
    // > [A-12] A change that another device of the same origin has at the same place of the same chain is
    // > answered from what was stored there.

    /// Counts as a device's own what one of the same origin has of a request already.
    ///
    /// Where the two part, they have parted for good.
    func adopt(
        _ changes: [ReadChange],
        from first: SequenceNumber,
        into device: inout StoredDevice,
        in transaction: some StoreTransaction
    ) throws {
        guard !device.succession.kin.isEmpty else { return }
        var kin = try device.succession.kin.sorted().compactMap { try transaction.device($0) }
        let known = Int(device.highWater.rawValue + 1 - first.rawValue)
        for change in changes.dropFirst(known) {
            let next = device.highWater.next
            var holder: DeviceID?
            for index in kin.indices where kin[index].highWater >= next {
                let theirs = try transaction.changes(countedFor: kin[index], in: next...next).first
                if theirs?.hash == change.hash {
                    holder = holder ?? theirs?.device
                    continue
                }
                let other = kin[index].id
                device.succession.kin.removeAll { $0 == other }
                kin[index].succession.kin.removeAll { [id = device.id] in $0 == id }
                try transaction.save(kin[index])
            }
            kin.removeAll { [together = device.succession.kin] in !together.contains($0.id) }
            guard let holder else { return }
            device.adopt(change, of: holder)
        }
    }
}

extension SyncError {
    static let deviceRekeyed = SyncError(
        "device_rekeyed",
        "本设备的密钥已更换，旧密钥不能再用 This device was given a new key; its old one is refused",
        hint:
            "采集照常，数据都在本机：向运维人员索取链接，运行 residence enroll 链接 --rekey。 Nothing is lost: ask the operator for a link and run residence enroll LINK --rekey."
    )

    static let predecessorUnfit = SyncError(
        "predecessor_unfit",
        "链接是给另一台设备的 This link is for another device",
        hint:
            "请核对设备名称，或向运维人员索取本设备的链接。 Nothing was changed; ask for this device's own link."
    )

    static let predecessorParted = SyncError(
        "predecessor_parted",
        "服务器恢复后，此处已有另一份设备的变更 The server has another copy's changes in the place of this device's last ones",
        hint:
            "未作任何改动，本机数据都在：请向运维人员索取更换密钥的链接，运行 residence enroll 链接 --rekey。 Nothing was changed, and nothing on the device is lost: ask the operator for a re-key link and run residence enroll LINK --rekey."
    )

    static let predecessorMissing = SyncError(
        "predecessor_missing",
        "这是更换密钥的链接 This link gives a device that is enrolled a new key",
        hint:
            "请在原设备上运行 residence enroll 链接 --rekey。 Run residence enroll LINK --rekey on that device."
    )

    static let predecessorUnexpected = SyncError(
        "predecessor_unexpected",
        "这不是更换密钥的链接 This link enrols a device; it gives none a new key",
        hint:
            "请运维人员运行 residence-syncd device re-key 设备。 The operator has to run residence-syncd device re-key DEVICE."
    )
}
