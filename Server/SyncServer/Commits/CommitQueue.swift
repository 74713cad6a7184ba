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

    private let limits: Limits
    private var waiting: [Entry] = []
    private var bytes = 0
    /// Whether a group is being committed.
    package private(set) var isBusy = false

    package init(limits: Limits) { self.limits = limits }

    /// Whether nobody else is there: then a batch goes at once, and waits for no company.
    package mutating func begins() -> Bool {
        guard !isBusy else { return false }
        isBusy = true
        return true
    }

    // > [Q-08] A server that has more waiting than it takes refuses a batch before it keeps anything of it.

    /// Lets a batch wait; `false` where too much waits already, in all or of its device.
    package mutating func append(_ entry: Entry) -> Bool {
        guard entry.device == nil || hasRoom(for: entry) else { return false }
        waiting.append(entry)
        bytes += entry.bytes
        return true
    }

    private func hasRoom(for entry: Entry) -> Bool {
        waiting.count < limits.waitingBatches && bytes + entry.bytes <= limits.waitingBytes
            && waiting.count { $0.device == entry.device } < limits.waitingOfDevice
    }

    /// Those that go together with one: the ones that have waited longest, of each device one, as many as
    /// one commit takes.
    package mutating func group(with first: Entry) -> [Entry] {
        var group = [first]
        var devices = Set([first.device].compactMap(\.self))
        var weight = first.weight
        var left: [Entry] = []
        for entry in waiting {
            // Nobody overtakes a batch of its own device.
            let isFirst = entry.device.map { devices.insert($0).inserted } ?? true
            if isFirst, weight + entry.weight <= limits.changesPerCommit {
                group.append(entry)
                weight += entry.weight
                bytes -= entry.bytes
            } else {
                left.append(entry)
            }
        }
        waiting = left
        return group
    }

    /// Puts back, before all others, what there was no time for.
    package mutating func putBack(_ entries: [Entry]) {
        waiting.insert(contentsOf: entries, at: 0)
        bytes += entries.reduce(0) { $0 + $1.bytes }
    }

    /// The batch that goes next; `nil` where none waits, and the next to come goes at once.
    package mutating func next() -> Entry? {
        guard !waiting.isEmpty else {
            isBusy = false
            return nil
        }
        let entry = waiting.removeFirst()
        bytes -= entry.bytes
        return entry
    }
}
