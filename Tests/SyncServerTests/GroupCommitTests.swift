import Dispatch
import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

/// Many devices that push at once.
struct GroupCommitTests {
    @Test("[Q-02] [Q-06] many devices that push at once get each its own outcomes, once committed")
    func manyAtOnce() async throws {
        try await World.run { world in
            var devices: [TestDevice] = []
            for number in 0..<12 {
                devices.append(try await world.device(named: "手持机\(number)", areas: Town.gaoting))
            }

            let answered = try await withThrowingTaskGroup(of: (Int, [Outcome]).self) { group in
                for (index, device) in devices.enumerated() {
                    group.addTask {
                        var device = device
                        var outcomes: [Outcome] = []
                        for number in 0..<5 {
                            let own = id(UInt8(index * 5 + number + 1))
                            outcomes += try await device.send(
                                device.change(own, to: person("甲\(index)", in: Town.gaoting))
                            )
                        }
                        return (index, outcomes)
                    }
                }
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }

            for (index, device) in devices.enumerated() {
                let outcomes = try #require(answered[index])
                #expect(outcomes.map(\.kind) == Array(repeating: .applied, count: 5))
                #expect(outcomes.map(\.sequence.rawValue) == [1, 2, 3, 4, 5])
                try #expect(await world.stored(device.id).highWater.rawValue == 5)
            }
            let counts = try await world.service.counts()
            #expect(counts.changes == 60)
        }
    }

    @Test("[Q-05] a batch that is refused among others fails alone")
    func failsAlone() async throws {
        try await World.run { world in
            let good = try await world.device(named: "林小梅", areas: Town.gaoting)
            let bad = try await world.device(named: "陈建国", areas: Town.gaoting)
            let other = try await world.device(named: "周海", areas: Town.gaoting)
            let writer = try await HeldWriter(of: world)

            async let first = world.service.sync(Self.request(good, 1), from: good.id)
            async let gap = refusal {
                try await world.service.sync(Self.request(bad, 7), from: bad.id)
            }
            async let second = world.service.sync(Self.request(other, 1), from: other.id)
            writer.release()

            try #expect(await first.outcomes.map(\.kind) == [.applied])
            #expect(await gap?.code == "sequence_gap")
            try #expect(await second.outcomes.map(\.kind).count == 1)
            try #expect(await world.stored(bad.id).highWater == .none)
        }
    }

    @Test("[Q-08] a batch for which there is no room is refused, and nothing of it is kept")
    func refusedWhereFull() async throws {
        var limits = Limits()
        limits.waitingBatches = 0
        try await World.run(limits: limits) { world in
            let devices = [
                try await world.device(named: "林小梅", areas: Town.gaoting),
                try await world.device(named: "陈建国", areas: Town.gaoting),
            ]
            let writer = try await HeldWriter(of: world)

            let codes = await withTaskGroup(of: String.self) { group in
                for device in devices {
                    group.addTask {
                        let error = await refusal {
                            try await world.service.sync(Self.request(device, 1), from: device.id)
                        }
                        return error?.code.rawValue ?? "taken"
                    }
                }
                var codes: [String] = []
                for await code in group {
                    codes.append(code)
                    // Whoever came first waits for the writer; the other one was told at once.
                    writer.release()
                }
                return codes
            }

            #expect(codes == ["server_busy", "taken"])
            try #expect(await world.service.counts().changes == 1)
            for device in devices {
                // The one before may have been answered while its commit was still being ended.
                for _ in 0..<1_000 {
                    let error = await refusal {
                        try await world.service.sync(Self.request(device, 1), from: device.id)
                    }
                    guard error?.code == "server_busy" else { break }
                    await Task.yield()
                }
            }
            try #expect(await world.service.counts().changes == 2)
        }
    }

    /// A dwelling of the device's own, as its change with a number.
    private static func request(_ device: TestDevice, _ sequence: UInt64) -> SyncRequest {
        var request = SyncRequest()
        request.epoch = device.epoch
        request.grant = device.grant
        request.firstSequence = SequenceNumber(rawValue: sequence)
        let own = RecordID(derivedFrom: device.id.bytes)
        request.payloads = [device.change(own, to: dwelling(in: Town.gaoting)).payload]
        return request
    }
}

/// The error with which something is refused.
private func refusal(_ body: () async throws -> SyncResponse) async -> SyncError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? SyncError
    }
}

/// Keeps the store's one writer busy until it is released.
private struct HeldWriter {
    private let gate = DispatchSemaphore(value: 0)

    init(of world: World) async throws {
        let (gate, store) = (gate, world.store)
        await withCheckedContinuation { (held: CheckedContinuation<Void, Never>) in
            Task {
                try await store.write { _ in
                    held.resume()
                    gate.wait()
                }
            }
        }
    }

    func release() { gate.signal() }
}
