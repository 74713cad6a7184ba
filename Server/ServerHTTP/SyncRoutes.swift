internal import Foundation
internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// `POST /v1/sync`, `/v1/repair`, `/v1/devices` and `/v1/outbox`: what devices call.
struct SyncRoutes: Sendable {
    let service: SyncService
    let door: Door
    let bodies: Bodies

    init(service: SyncService, door: Door, limits: Limits) {
        (self.service, self.door) = (service, door)
        bodies = Bodies(limits: limits, traffic: door.limits)
    }

    func add(to router: Router<SyncRequestContext>) {
        router.post("/v1/sync", use: sync)
        router.post("/v1/repair", use: repair)
        router.post("/v1/estimate", use: estimate)
        router.post("/v1/devices", use: enrol)
        router.post("/v1/outbox", use: deliver)
        router.get("/v1/dictionaries/:name", use: dictionary)
    }

    /// Nothing personal: typical records that nobody ever captured.
    @Sendable
    private func dictionary(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Response {
        _ = try await door.device(request, context)
        return try bodies.dictionary(context.parameters.require("name"))
    }

    /// No token: a revoked device has no key any more, and what it sealed names it by its signature.
    @Sendable
    private func deliver(_ request: Request, _ context: SyncRequestContext) async throws -> Response
    {
        try door.stranger(request, context)
        let (bytes, format, _) = try await bodies.read(request, context)
        guard format == .protobuf else {
            throw SyncError(
                "media_type_unsupported",
                "A sealed outbox is not JSON",
                hint: "Send application/x-protobuf."
            )
        }
        let sealed = try SealedOutbox(bytes)
        let report = try await service.take(sealed, isFromOperator: false)
        return bodies.response(Array(try JSONEncoder().encode(report)), .json, to: request)
    }

    @Sendable
    private func sync(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let device = try await door.device(request, context, forSync: true)
        let (bytes, format, packing) = try await bodies.read(request, context)
        let answer = try await service.sync(try SyncRequest(bytes, as: format), from: device.id)
        let answerFormat = bodies.answerFormat(request, like: format)
        return bodies.response(
            answerFormat == .json ? answer.json : answer.encoded,
            answerFormat,
            to: request,
            packedLike: packing
        )
    }

    @Sendable
    private func estimate(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Response {
        let device = try await door.device(request, context)
        let question = try NewsQuestion(json: try await bodies.readJSON(request, context))
        let answer = try await door.readingLong {
            try await service.estimate(question, for: device.id)
        }
        return bodies.response(answer.json, .json, to: request)
    }

    @Sendable
    private func repair(_ request: Request, _ context: SyncRequestContext) async throws -> Response
    {
        let device = try await door.device(request, context)
        let (bytes, format, packing) = try await bodies.read(request, context)
        let asked = try RepairRequest(bytes, as: format)
        let answer = try await door.readingLong {
            try await service.repair(asked, from: device.id)
        }
        RepairLog.note(answer, for: device.id, context.logger)
        let answerFormat = bodies.answerFormat(request, like: format)
        return bodies.response(
            answerFormat == .json ? answer.json : answer.encoded,
            answerFormat,
            to: request,
            packedLike: packing
        )
    }

    @Sendable
    private func enrol(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        try door.stranger(request, context)
        let (bytes, format, _) = try await bodies.read(request, context)
        let answer = try await service.enrol(try EnrolmentRequest(bytes, as: format))
        let answerFormat = bodies.answerFormat(request, like: format)
        return bodies.response(answer.encoded(as: answerFormat), answerFormat, to: request)
    }
}
