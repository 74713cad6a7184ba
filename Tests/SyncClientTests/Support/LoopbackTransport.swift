import Foundation
import SyncClient
import SyncProtocol
import SyncServer

/// A way to a server in the same process: everything passes through its bytes, as over HTTP.
struct LoopbackTransport: Transport {
    let world: World
    let weather: Weather

    func sync(
        _ request: SyncRequest,
        to server: ServerAddress,
        token: String
    ) async throws -> Exchange {
        let fate = weather.fate(of: request)
        let body = request.encoded
        switch fate {
        case .requestLost: throw TransportFailure.unreachable
        case .refused(let error, let retryAfter, let serverTime):
            throw TransportFailure(
                error,
                serverTime: serverTime ?? world.service.now,
                retryAfter: retryAfter
            )
        case .answered(let response):
            return Exchange(response: try SyncResponse(response.encoded), bytes: ByteCount())
        case .repeated: _ = try await answer(to: body, token)
        case .arrives, .answerLost, .answerCut, .newsLost: break
        }
        let answer = try await answer(to: body, token)
        switch fate {
        case .answerLost: throw TransportFailure.unreachable
        case .answerCut: throw TransportFailure.unreadable
        case .arrives, .repeated, .requestLost, .refused, .answered, .newsLost: break
        }
        var bytes = ByteCount()
        bytes.sent = Self.packed(body)
        bytes.sentUnpacked = body.count
        bytes.received = Self.packed(answer)
        bytes.receivedUnpacked = answer.count
        var response = try SyncResponse(answer)
        if case .newsLost = fate {
            response.pages = []
            response.hasMore = false
            response.digest = nil
        }
        return Exchange(response: response, bytes: bytes)
    }

    /// What a body weighs on the wire.
    private static func packed(_ body: [UInt8]) -> Int {
        let isSmall = body.count <= PresetDictionary.bodyLimit
        return Zlib.pack(body, as: .deflate, with: isSmall ? .latest : nil).count
    }

    func repair(
        _ request: RepairRequest,
        to server: ServerAddress,
        token: String
    ) async throws -> (response: RepairResponse, bytes: ByteCount) {
        let body = request.encoded
        let answer = try await telling { service in
            let device = try await service.authenticate(token)
            let arrived = try RepairRequest(body, as: .protobuf)
            return try await service.repair(arrived, from: device.id).encoded
        }
        var bytes = ByteCount()
        bytes.sent = body.count
        bytes.received = answer.count
        return (try RepairResponse(answer), bytes)
    }

    func enrol(
        _ request: EnrolmentRequest,
        at server: ServerAddress
    ) async throws -> EnrolmentResponse {
        let fate = weather.fate(of: SyncRequest())
        if case .requestLost = fate { throw TransportFailure.unreachable }
        let answer = try await telling { service in
            let arrived = try EnrolmentRequest(request.encoded, as: .protobuf)
            return try await service.enrol(arrived).encoded(as: .protobuf)
        }
        if case .answerLost = fate { throw TransportFailure.unreachable }
        return try EnrolmentResponse(answer)
    }

    func deliver(_ outbox: [UInt8], to server: ServerAddress) async throws -> [UInt8] {
        let fate = weather.fate(of: SyncRequest())
        if case .requestLost = fate { throw TransportFailure.unreachable }
        if weather.forgesDelivery { return [] }
        if let error = weather.refusesDelivery { throw TransportFailure(error) }
        let signature = try await telling { service in
            let sealed = try SealedOutbox(outbox)
            let report = try await service.take(sealed, isFromOperator: false)
            return Array(Data(base64Encoded: report.signature) ?? Data())
        }
        if case .answerLost = fate { throw TransportFailure.unreachable }
        return signature
    }

    /// Only histories can be read here: `/v1/records/ID/history?at=MOMENT`.
    func read(_ path: String, from server: ServerAddress, token: String) async throws -> [UInt8] {
        let fate = weather.fate(of: SyncRequest())
        if case .requestLost = fate { throw TransportFailure.unreachable }
        if case .refused(let error, _, let serverTime) = fate {
            throw TransportFailure(error, serverTime: serverTime ?? world.service.now)
        }
        let parts = path.split(separator: "/").map(String.init)
        let moment = path.split(separator: "=").dropFirst().first.map(String.init)
        return try await telling { service in
            let device = try await service.authenticate(token)
            guard parts.count > 2, let id = RecordID(parts[2]) else { return [] }
            return try await service.history(
                of: id,
                at: moment.flatMap { HistoryMoment($0) },
                for: Principal(device)
            ).json
        }
    }

    /// Only a returned change can be mended here: `/v1/quarantine/NUMBER/mend`.
    func ask(
        _ json: [UInt8],
        of path: String,
        at server: ServerAddress,
        token: String
    ) async throws -> [UInt8] {
        let number = path.split(separator: "/").dropFirst(2).first.flatMap { UInt64($0) }
        return try await telling { service in
            let device = try await service.authenticate(token)
            return try await service.mend(
                number ?? 0,
                MendRequest(json: json),
                for: Principal(device)
            ).json
        }
    }

    func events(
        after mark: NewsMark,
        from server: ServerAddress,
        token: String
    ) async throws -> AsyncThrowingStream<NewsEvent, any Error> {
        guard !weather.hasNoStreams else { throw TransportFailure.unreachable }
        let service = world.service
        do {
            let device = try await service.authenticate(token)
            guard let watch = service.watch(for: device, knowing: mark) else {
                throw TransportFailure.unreachable
            }
            return AsyncThrowingStream {
                switch await watch.next() {
                case .beat: return .beat
                case .news(let mark): return .news(mark)
                case .outOfUse, .replaced, .goodbye:
                    service.end(watch)
                    return nil
                }
            }
        } catch let error as SyncError {
            throw TransportFailure(error, serverTime: service.now)
        }
    }

    private func answer(to body: [UInt8], _ token: String) async throws -> [UInt8] {
        try await telling { service in
            let device = try await service.authenticate(token, forSync: true)
            let request = try SyncRequest(body, as: .protobuf)
            return try await service.sync(request, from: device.id).encoded
        }
    }

    /// Turns the server's errors into what a device hears of them: the error and the time.
    private func telling(
        _ body: (SyncService) async throws -> [UInt8]
    ) async throws -> [UInt8] {
        let service = world.service
        do {
            return try await body(service)
        } catch let error as SyncError {
            throw TransportFailure(error, serverTime: service.now)
        }
    }
}

extension TransportFailure {
    static let unreachable = TransportFailure(
        SyncError(
            "server_unreachable",
            "The server cannot be reached",
            hint: "Nothing is lost: it is sent at the next sync."
        ),
        isUnreachable: true
    )

    static let unreadable = TransportFailure(
        SyncError("answer_unreadable", "The answer ends in the middle", hint: "Try again."),
        isUnreachable: true
    )
}
