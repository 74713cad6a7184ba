package import SyncProtocol

/// Who waits for a commit, and who goes together: decided without a clock, a lock or a store.
package struct CommitQueue<Body: Sendable>: Sendable {
    /// One batch, or what goes along with batches.
    package struct Entry: Sendable {
        /// Whose batch it is; `nil` for what goes along.
        package var device: DeviceID?
        /// How much work it is: changes, and one for itself.
        package var weight: Int
        /// What it holds in memory.
        package var bytes: Int
        package var body: Body

        package init(device: DeviceID?, weight: Int, bytes: Int, body: Body) {
            (self.device, self.weight, self.bytes, self.body) = (device, weight, bytes, body)
        }
    }

    /// Where a batch comes to stand.
    package enum Place: Sendable {
        /// Nobody commits: whoever appended it has to see to that.
        case first
        /// It waits for those that commit.
        case behind
        /// Too much waits already, in all or of its device.
        case refused
    }

    private let limits: Limits
    private var waiting: [Entry] = []
    private var bytes = 0
    /// Whether somebody takes groups until none is left.
    package private(set) var isBusy = false

    package init(limits: Limits) { self.limits = limits }

    // > [Q-08] A server that has more waiting than it takes refuses a batch before it keeps anything of it.

    /// Lets a batch wait, unless it is refused.
    package mutating func append(_ entry: Entry) -> Place {
        // Where nobody else is there, a batch goes at once, and waits for no company.
        let isTaken = entry.device.map { hasRoom(for: $0, bytes: entry.bytes) } ?? true
        guard !isBusy || isTaken else { return .refused }
        waiting.append(entry)
        bytes += entry.bytes
        defer { isBusy = true }
        return isBusy ? .behind : .first
    }

    /// Whether another batch of a device, of so many bytes, may wait.
    package func hasRoom(for device: DeviceID, bytes more: Int = 0) -> Bool {
        waiting.count < limits.waitingBatches && bytes + more <= limits.waitingBytes
            && waiting.count { $0.device == device } < limits.waitingOfDevice
    }

    /// Those that go together next: the ones that have waited longest, of each device one, as many as one
    /// commit takes; none where nobody waits, and the next to come is first.
    package mutating func group() -> [Entry] {
        var group: [Entry] = []
        var devices: Set<DeviceID> = []
        var weight = 0
        var left: [Entry] = []
        for entry in waiting {
            // Nobody overtakes a batch of its own device.
            let isFirst = entry.device.map { devices.insert($0).inserted } ?? true
            let fits = group.isEmpty || weight + entry.weight <= limits.changesPerCommit
            if isFirst, fits {
                group.append(entry)
                weight += entry.weight
                bytes -= entry.bytes
            } else {
                left.append(entry)
            }
        }
        waiting = left
        isBusy = !group.isEmpty
        return group
    }

    /// Puts back, before all others, what there was no time for.
    package mutating func putBack(_ entries: [Entry]) {
        waiting.insert(contentsOf: entries, at: 0)
        bytes += entries.reduce(0) { $0 + $1.bytes }
    }
}
