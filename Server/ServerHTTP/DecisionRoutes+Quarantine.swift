internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// `/v1/quarantine`: 退回的变更, seen, mended and discarded.
extension DecisionRoutes {
    @Sendable
    func listQuarantine(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Response {
        let principal = try await principal(request, context)
        let withSettled = try request.parameter("settled") { Bool(String($0)) } ?? false
        let page = try await service.quarantine(
            for: principal,
            unsettledOnly: !withSettled,
            after: try request.parameter("after") { UInt64($0) } ?? 0,
            limit: try request.limit()
        )
        return answer(page.json, to: request)
    }

    @Sendable
    func showReturned(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Response {
        let principal = try await principal(request, context)
        let entry = try await service.returned(try context.number(), for: principal)
        return answer(entry.returned.document(by: entry.author).json, to: request)
    }

    @Sendable
    func mend(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let id = try context.number()
        let mended = try MendRequest(json: try await bodies.readJSON(request, context))
        return answer(try await service.mend(id, mended, for: principal).json, to: request)
    }

    @Sendable
    func discard(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let id = try context.number()
        let asked = try DiscardRequest(json: try await bodies.readJSON(request, context))
        try await service.discard(id, reason: asked.reason, for: principal)
        let entry = try await service.returned(id, for: principal)
        return answer(entry.returned.document(by: entry.author).json, to: request)
    }
}
