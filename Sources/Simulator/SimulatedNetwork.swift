internal import Chance
internal import Foundation
internal import SyncClient
internal import SyncProtocol
internal import SyncServer
internal import Synchronization

/// The way from one device to the server, through the weather: everything passes as bytes.
final class SimulatedNetwork: Transport {
    /// What went over the wire.
    struct Traffic {
        var requests = 0
        var bytesUp = 0
        var bytesDown = 0
        var faults = 0
        /// Records that the server sent from outside the areas of the device's grant [I7].
        var strays: [RecordID] = []
    }

    private struct State {
        var random: SplitMix64
        var isAway = false
        /// After how many requests the link gives out; `nil` where it does not.
        var left: Int?
        var isCalm = false
        /// Whether everything arrives twice.
        var echoes = false
        /// The answer that arrives once more.
        var echo: Exchange?
        var later: [(bytes: [UInt8], device: DeviceID)] = []
        var traffic = Traffic()
    }

    private let weather: Weather
    private let server: ServerDoor
    private let bug: PlantedBug?
    private let state: Mutex<State>

    init(weather: Weather, server: ServerDoor, seed: UInt64, bug: PlantedBug?) {
        self.weather = weather
        self.server = server
        self.bug = bug
        state = Mutex(State(random: SplitMix64(seed: seed)))
    }

    var traffic: Traffic { state.withLock { $0.traffic } }

    /// Whether no network reaches the device.
    func set(away: Bool) { state.withLock { $0.isAway = away } }

    /// After how many requests of a sync the link gives out; `nil` where it does not.
    func set(left: Int?) { state.withLock { $0.left = left } }

    /// Whether nothing goes wrong any more.
    func set(calm: Bool) {
        state.withLock {
            $0.isCalm = calm
            $0.isAway = calm ? false : $0.isAway
            $0.left = calm ? nil : $0.left
        }
    }

    /// Whether every batch arrives twice at the server, and every answer twice at the device.
    func set(echoing: Bool) { state.withLock { $0.echoes = echoing } }

    /// What becomes of one round trip.
    private struct Fate {
        var isLost = false
        var isRepeated = false
        var isReplayed = false
        var isAnswerLost = false
        var isAnswerCut = false
        var isBusy = false
        var corruption: UInt64?
    }

    private func fate() -> Fate {
        state.withLock { state in
            state.traffic.requests += 1
            var fate = Fate()
            fate.isLost = state.random.happens(weather.requestLost) || state.isAway
            fate.isRepeated = state.random.happens(weather.repeated)
            fate.isReplayed = state.random.happens(weather.replayedLater)
            fate.isAnswerLost = state.random.happens(weather.answerLost)
            fate.isAnswerCut = state.random.happens(weather.answerCut)
            fate.isBusy = state.random.happens(weather.busy)
            if let left = state.left {
                fate.isLost = fate.isLost || left <= 0
                state.left = left - 1
            }
            let corruption = state.random.next()
            fate.corruption = state.random.happens(weather.corrupted) ? corruption : nil
            if state.isCalm { fate = Fate() }
            fate.isRepeated = fate.isRepeated || state.echoes
            if fate.isLost || fate.isAnswerLost || fate.isAnswerCut || fate.corruption != nil {
                state.traffic.faults += 1
            }
            return fate
        }
    }

    func sync(
        _ request: SyncRequest,
        to address: ServerAddress,
        token: String
    ) async throws -> Exchange {
        if let echo = echo() { return echo }
        let fate = fate()
        var body = request.encoded
        guard !fate.isLost, let service = server.service else { throw TransportFailure.unreachable }
        if fate.isBusy {
            throw TransportFailure(.busy, serverTime: service.now, retryAfter: 1)
        }
        if let corruption = fate.corruption, corruption % 2 == 0 {
            body = try corrupted(body, by: corruption)
        }
        let answer = try await telling(service) {
            let device = try await service.authenticate(token, forSync: true)
            await self.deliverLate(service)
            if fate.isReplayed { self.state.withLock { $0.later.append((body, device.id)) } }
            let asked = try SyncRequest(body, as: .protobuf)
            if fate.isRepeated { _ = try await service.sync(asked, from: device.id) }
            let response = try await service.sync(asked, from: device.id)
            self.judge(response, for: device)
            return response.encoded
        }
        state.withLock {
            $0.traffic.bytesUp += body.count
            $0.traffic.bytesDown += answer.count
        }
        if fate.isAnswerLost { throw TransportFailure.unreachable }
        var arrived = fate.isAnswerCut ? Array(answer.prefix(answer.count / 2)) : answer
        if let corruption = fate.corruption {
            arrived = (try? corrupted(answer, by: corruption)) ?? []
        }
        guard arrived.count == answer.count, let response = try? SyncResponse(arrived) else {
            throw TransportFailure.unreadable
        }
        if bug == .trustsTheClock, response.serverTime < request.deviceTime {
            throw TransportFailure.unreadable
        }
        var bytes = ByteCount()
        bytes.sent = body.count
        bytes.received = answer.count
        let exchange = Exchange(response: response, bytes: bytes)
        state.withLock { $0.echo = $0.echoes ? exchange : nil }
        return exchange
    }

    /// The answer that arrives once more, the second time that it is asked for.
    private func echo() -> Exchange? {
        state.withLock { state in
            defer { state.echo = nil }
            return state.echo
        }
    }

    /// A body of which a byte changed on the way: its compression carries a checksum, which notices.
    private func corrupted(_ body: [UInt8], by chance: UInt64) throws -> [UInt8] {
        var packed = Zlib.pack(body, as: .deflate)
        packed.corrupt(by: chance)
        do {
            return try Zlib.unpack(packed, as: .deflate, limit: Limits().inflatedBytes)
        } catch {
            throw TransportFailure(error)
        }
    }

    /// What the network had kept back arrives now, behind what was sent later.
    private func deliverLate(_ service: SyncService) async {
        let late = state.withLock { state in
            defer { state.later = [] }
            return state.later
        }
        for request in late {
            guard let asked = try? SyncRequest(request.bytes, as: .protobuf) else { continue }
            _ = try? await service.sync(asked, from: request.device)
        }
    }

    // Judged on the wire: what a device is sent, not what it keeps.
    private func judge(_ response: SyncResponse, for device: StoredDevice) {
        for page in response.pages where !server.areas(of: device.id).cover(page.area) {
            state.withLock { $0.traffic.strays += page.records.map(\.id) }
        }
    }

    func repair(
        _ request: RepairRequest,
        to address: ServerAddress,
        token: String
    ) async throws -> (response: RepairResponse, bytes: ByteCount) {
        let fate = fate()
        guard !fate.isLost, let service = server.service else { throw TransportFailure.unreachable }
        let body = request.encoded
        let answer = try await telling(service) {
            let device = try await service.authenticate(token)
            return try await service.repair(try RepairRequest(body, as: .protobuf), from: device.id)
                .encoded
        }
        if fate.isAnswerLost { throw TransportFailure.unreachable }
        var bytes = ByteCount()
        bytes.sent = body.count
        bytes.received = answer.count
        return (try RepairResponse(answer), bytes)
    }

    func enrol(
        _ request: EnrolmentRequest,
        at address: ServerAddress
    ) async throws -> EnrolmentResponse {
        guard let service = server.service else { throw TransportFailure.unreachable }
        let body = request.encoded
        let answer = try await telling(service) {
            try await service.enrol(try EnrolmentRequest(body, as: .protobuf)).encoded(
                as: .protobuf
            )
        }
        return try EnrolmentResponse(answer)
    }

    func deliver(_ outbox: [UInt8], to address: ServerAddress) async throws -> [UInt8] {
        let fate = fate()
        guard !fate.isLost, let service = server.service else { throw TransportFailure.unreachable }
        let signature = try await telling(service) {
            let sealed = try SealedOutbox(outbox)
            let report = try await service.take(sealed, isFromOperator: false)
            return Array(Data(base64Encoded: report.signature) ?? Data())
        }
        if fate.isAnswerLost { throw TransportFailure.unreachable }
        return signature
    }

    func read(_ path: String, from address: ServerAddress, token: String) async throws -> [UInt8] {
        throw TransportFailure.unreachable
    }

    func ask(
        _ json: [UInt8],
        of path: String,
        at address: ServerAddress,
        token: String
    ) async throws -> [UInt8] {
        throw TransportFailure.unreachable
    }

    private func telling(
        _ service: SyncService,
        _ body: () async throws -> [UInt8]
    ) async throws -> [UInt8] {
        do {
            return try await body()
        } catch let error as SyncError {
            if server.isDown { throw TransportFailure.unreachable }
            throw TransportFailure(error, serverTime: service.now)
        }
    }
}

extension TransportFailure {
    fileprivate static let unreachable = TransportFailure(
        SyncError("server_unreachable", "The server cannot be reached", hint: "Try again."),
        isUnreachable: true
    )

    fileprivate static let unreadable = TransportFailure(
        SyncError("answer_unreadable", "The answer cannot be read", hint: "Try again."),
        isUnreachable: true
    )
}

extension SyncError {
    fileprivate static let busy = SyncError("database_busy", "Busy", hint: "Try again.")
}

extension [UInt8] {
    /// Changes one byte.
    fileprivate mutating func corrupt(by chance: UInt64) {
        guard !isEmpty else { return }
        self[Int(chance >> 8) % count] ^= UInt8(truncatingIfNeeded: chance >> 3) | 1
    }
}
