internal import Foundation
internal import SyncProtocol
internal import SyncTrust

/// One round: a fresh daemon is pushed to, edited, read and polled.
struct Round {
    let daemon: Daemon
    /// More daemons on the same database: devices are dealt to all in turn.
    var others: [Daemon] = []
    let corpus: Corpus
    let order: Corpus.Order
    /// Changes in one batch.
    static let batch = 50
    /// Connections that push side by side, each a device of its own.
    static var devices: Int { Corpus.areas.count }

    struct Push: Codable {
        var perSecond: Double
        var usage: Usage
        /// Bytes of the bodies, packed.
        var sentPerRecord: Double
        var outcomes: [String: Int]
    }

    /// Devices, each for its own area and its neighbour's.
    func enrol() async throws -> [DrivenDevice] {
        var devices: [DrivenDevice] = []
        for index in 0..<Self.devices {
            let areas = Corpus.areas
            let own = [areas[index], areas[(index + 1) % areas.count]]
            devices.append(try await daemon.enrol("pusher-\(index)", areas: own))
        }
        return devices
    }

    /// Every record is new; `returning` also takes each device's own records back, as a device does that
    /// reads while it gives.
    func pushNew(_ devices: inout [DrivenDevice], returning: Bool) async throws -> Push {
        let bodies = devices.indices.map { index in
            let mine = corpus.entries.filter { $0.area == index }
            var device = devices[index]
            let bodies = mine.chunks(of: Self.batch).enumerated().map { number, entries in
                var request = device.request(entries.map { Self.creation($0, device.grant) })
                if returning {
                    request.bookmarks = Self.bookmarks(of: index, after: number * Self.batch)
                } else {
                    request.budget = 1
                }
                return Requests.packed(request.encoded)
            }
            devices[index] = device
            return bodies
        }
        return try await push(bodies, by: devices, changes: corpus.entries.count)
    }

    private static func bookmarks(of index: Int, after position: Int) -> [Bookmark] {
        guard let own = AreaCode(Corpus.areas[index]) else { return [] }
        return [Bookmark(area: own, position: Position(rawValue: UInt64(position)))]
    }

    /// Half as many edits as there are records, a tenth of them of what somebody else has edited meanwhile.
    func pushUpdates(_ devices: inout [DrivenDevice]) async throws -> Push {
        let slices = devices.indices.map { index in corpus.entries.filter { $0.area == index } }
        let stale = Self.batch / 10
        var changes = 0
        let bodies = devices.indices.map { index in
            var device = devices[index]
            let fresh = slices[index].prefix(slices[index].count * 9 / 20)
            let neighbour = slices[(index + 1) % devices.count]
            var bodies: [[UInt8]] = []
            for (number, own) in Array(fresh).chunks(of: Self.batch - stale).enumerated() {
                // The neighbour edits these, too: whichever comes second is in conflict.
                let first = number * (Self.batch - stale)
                let theirs = neighbour.dropFirst(first).prefix(min(stale, own.count))
                let edits = (own + theirs).map { Self.edit($0, device, number) }
                changes += edits.count
                var request = device.request(edits)
                request.budget = 1
                bodies.append(Requests.packed(request.encoded))
            }
            devices[index] = device
            return bodies
        }
        return try await push(bodies, by: devices, changes: changes)
    }

    static func creation(_ entry: Corpus.Entry, _ grant: UInt64) -> Change {
        var change = Change(
            record: entry.id,
            type: Person.recordType.number,
            base: .none,
            observedAt: SystemClock.milliseconds()
        )
        change.fields = entry.fields
        change.grant = grant
        return change
    }

    static func edit(
        _ entry: Corpus.Entry,
        _ device: DrivenDevice,
        _ number: Int
    ) -> Change {
        var change = Change(
            record: entry.id,
            type: Person.recordType.number,
            base: Base(epoch: device.epoch, revision: Revision(rawValue: 1)),
            observedAt: SystemClock.milliseconds()
        )
        let said = entry.fields.text(of: 17) ?? ""
        change.fields =
            Person {
                $0.education = .undergraduate
                $0.remark = "\(device.key.publicKey.fingerprint.prefix(4))第\(number)次走访更正：\(said)"
            }.fieldMap
        change.grant = device.grant
        return change
    }

    private func push(
        _ bodies: [[[UInt8]]],
        by devices: [DrivenDevice],
        changes: Int
    ) async throws -> Push {
        var requests: [[[UInt8]]] = []
        for (device, bodies) in zip(devices, bodies) {
            let token = try await device.token()
            requests.append(
                bodies.map { body in
                    Requests.head("/v1/sync", length: body.count, token: token) + body
                }
            )
        }
        let (all, ports) = (requests, ([daemon] + others).map(\.port))
        let ((answers, seconds), usage) = try await Usage.measuring(daemon.meter) {
            try await inThreads(devices.count) { index, ready in
                let wire = try Wire(port: ports[index % ports.count])
                ready()
                return try all[index].map { try wire.exchange($0) }
            }
        }
        let outcomes = try Self.outcomes(of: answers.joined())
        let sent = bodies.joined().reduce(0) { $0 + $1.count }
        return Push(
            perSecond: Double(changes) / seconds,
            usage: usage,
            sentPerRecord: Double(sent) / Double(changes),
            outcomes: outcomes
        )
    }

    private static func outcomes(of answers: some Sequence<Wire.Answer>) throws -> [String: Int] {
        var outcomes: [String: Int] = [:]
        for answer in answers {
            guard answer.status == 200 else {
                throw BenchError(
                    "\(answer.status): \(String(decoding: answer.body, as: UTF8.self))"
                )
            }
            for outcome in try answer.response().outcomes {
                outcomes["\(outcome.kind)", default: 0] += 1
            }
        }
        return outcomes
    }
}

extension Wire.Answer {
    func response() throws -> SyncResponse {
        try SyncResponse(
            Zlib.unpack(
                body,
                as: isDeflated ? .deflate : .identity,
                with: PresetDictionary.all,
                limit: 16 << 20
            )
        )
    }
}

extension Array {
    func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
