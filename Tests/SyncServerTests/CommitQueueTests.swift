import SyncProtocol
import SyncServer
import Testing

struct CommitQueueTests {
    private func entry(_ device: UInt8, _ weight: Int = 1, _ name: String = "") -> Entry {
        guard let id = DeviceID(bytes: [UInt8](repeating: device, count: 16)) else {
            preconditionFailure("16 bytes make a device id")
        }
        return Entry(device: id, weight: weight, bytes: weight, body: name)
    }

    private typealias Entry = CommitQueue<String>.Entry

    private func queue(_ change: (inout Limits) -> Void = { _ in }) -> CommitQueue<String> {
        var limits = Limits()
        change(&limits)
        var queue = CommitQueue<String>(limits: limits)
        // Somebody is being committed.
        _ = queue.append(entry(255))
        _ = queue.group()
        return queue
    }

    /// What goes together next.
    private func group(of queue: inout CommitQueue<String>) -> [String] {
        queue.group().map(\.body)
    }

    @Test func `whoever comes alone goes at once`() {
        var queue = CommitQueue<String>(limits: Limits())

        let (first, second) = (queue.append(entry(1)), queue.append(entry(2)))
        let group = queue.group().count
        let none = queue.group().count
        let third = queue.append(entry(3))

        #expect((first, second, third) == (.first, .behind, .first))
        #expect((group, none) == (2, 0))
    }

    @Test func `each device has one batch in a group, and nobody overtakes their own`() {
        var queue = queue()
        for (device, name) in [(1, "a"), (2, "b"), (1, "c"), (3, "d"), (2, "e")] {
            let place = queue.append(entry(UInt8(device), 1, name))
            #expect(place == .behind)
        }

        let groups = [group(of: &queue), group(of: &queue), group(of: &queue)]

        #expect(groups == [["a", "b", "d"], ["c", "e"], []])
        #expect(!queue.isBusy)
    }

    @Test func `a device with much to say takes no more of a group than its batch`() {
        var queue = queue { $0.changesPerCommit = 100 }
        for (device, weight, name) in [(1, 60, "a"), (2, 60, "b"), (3, 40, "c")] {
            _ = queue.append(entry(UInt8(device), weight, name))
        }

        let groups = [group(of: &queue), group(of: &queue)]

        #expect(groups == [["a", "c"], ["b"]])
    }

    @Test func `what there was no time for goes first the next time`() {
        var queue = queue()
        for (device, name) in [(1, "a"), (2, "b")] {
            _ = queue.append(entry(UInt8(device), 1, name))
        }
        let taken = queue.group()
        _ = queue.append(entry(3, 1, "c"))

        queue.putBack(Array(taken.dropFirst()))

        let next = group(of: &queue)
        #expect(next == ["b", "c"])
    }

    @Test("[Q-08] there is room for so many batches, so many bytes and so many of one device")
    func room() {
        var few = queue { $0.waitingBatches = 2 }
        var small = queue { $0.waitingBytes = 100 }
        var own = queue { $0.waitingOfDevice = 1 }

        let byCount = [1, 2, 3].map { few.append(entry($0)) }
        let bySize = [60, 60, 40].map { small.append(entry(1, $0)) }
        let byDevice = [1, 1, 2].map { own.append(entry($0)) }
        _ = few.group()
        let later = few.append(entry(3))

        #expect(byCount == [.behind, .behind, .refused])
        #expect(bySize == [.behind, .refused, .behind])
        #expect(byDevice == [.behind, .refused, .behind])
        #expect(later == .behind)
    }
}
