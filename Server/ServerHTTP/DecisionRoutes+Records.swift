internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// What is decided about a record as a whole, and what came of it: its history.
extension DecisionRoutes {
    // > [H-02] A record can be read as it was at any revision, and at any instant of the server's clock.
    @Sendable
    func history(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let moment = try request.parameter("at", Self.moment)
        let history = try await service.history(
            of: try context.recordID(),
            at: moment,
            for: principal
        )
        guard moment == nil || history.then != nil else { throw SyncError.recordNotThereThen }
        return answer(history.json, to: request)
    }

    private static func moment(_ text: Substring) -> HistoryMoment? {
        // A year of more than four digits is none that a clock shows, and overflows what counts in it.
        let hasYear = text.utf8.count < 40 && text.prefix { $0 != "-" }.utf8.count == 4
        return hasYear || UInt64(text) != nil ? HistoryMoment(text) : nil
    }

    @Sendable
    func reidentify(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let id = try context.recordID()
        let asked = try ReidentifyRequest(json: try await bodies.readJSON(request, context))
        let result = try await service.reidentify(
            id,
            at: asked.revision,
            as: asked.target,
            for: principal
        )
        return answer(result.json, to: request)
    }

    @Sendable
    func split(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        try await act(request, context) { id, asked, principal in
            try await service.split(id, at: asked.revision, for: principal)
        }
    }

    @Sendable
    func delete(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        try await act(request, context) { id, asked, principal in
            try await service.delete(id, at: asked.revision, asked.deletion, for: principal)
        }
    }

    @Sendable
    func undelete(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        try await act(request, context) { id, asked, principal in
            try await service.undelete(id, at: asked.revision, for: principal)
        }
    }

    // > [E-01] An erasure redacts what the server holds of a record; the fact and its reason stay.
    @Sendable
    func erase(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let id = try context.recordID()
        let asked = try EraseRequest(json: try await bodies.readJSON(request, context))
        let report = try await service.erase(id, reason: asked.reason, for: principal)
        return answer(EraseRequest.json(erased: report.records), to: request)
    }

    private func act(
        _ request: Request,
        _ context: SyncRequestContext,
        _ body: (RecordID, ActRequest, Principal) async throws -> ActResult
    ) async throws -> Response {
        let principal = try await principal(request, context)
        let id = try context.recordID()
        let asked = try ActRequest(json: try await bodies.readJSON(request, context))
        return answer(try await body(id, asked, principal).json, to: request)
    }

    @Sendable
    func duplicates(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let pairs = try await service.duplicates(
            of: try request.recordType() ?? Person.recordType,
            for: principal,
            limit: try request.limit()
        )
        return answer(ProposedPair.json(list: pairs), to: request)
    }
}
