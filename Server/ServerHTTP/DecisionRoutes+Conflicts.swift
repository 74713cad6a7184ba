internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// `/v1/conflicts`: 待裁决冲突, seen and settled.
extension DecisionRoutes {
    @Sendable
    func listConflicts(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Response {
        let principal = try await principal(request, context)
        let page = try await service.openConflicts(
            try filter(of: request),
            for: principal,
            after: try request.parameter("after") { ConflictRank($0) },
            limit: try request.limit()
        )
        return answer(page.json, to: request)
    }

    private func filter(of request: Request) throws -> ConflictFilter {
        let type = try request.recordType()
        let types = type.map { [$0] } ?? Schema.current.types
        var filter = ConflictFilter()
        filter.type = type?.number
        filter.area = try request.area()
        filter.device = try request.parameter("device") { DeviceID($0) }
        filter.field = try request.parameter("field") { name in
            types.contains { $0.field(named: name) != nil } ? String(name) : nil
        }
        return filter
    }

    @Sendable
    func showConflict(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Response {
        let principal = try await principal(request, context)
        let conflict = try await service.conflict(try context.number(), for: principal)
        return answer(conflict.entry.json(at: conflict.place), to: request)
    }

    // > [C-03] A resolution names the conflict and the revision of the record that its author saw; where
    // > somebody else has written to the record since, it is refused.
    @Sendable
    func resolve(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request, context)
        let id = try context.number()
        let choice = try ResolveRequest(json: try await bodies.readJSON(request, context))
        do {
            let result = try await service.resolve(id, choice, for: principal)
            return answer(result.json, to: request)
        } catch let error as SyncError
            where error.code == "conflict_outdated" || error.code == "conflict_closed"
        {
            throw try await withBothInView(error, of: id, for: principal)
        }
    }

    /// The refusal of a resolution, with the conflict and the record as they are now.
    private func withBothInView(
        _ error: SyncError,
        of id: UInt64,
        for principal: Principal
    ) async throws -> DetailedError {
        let conflict = try await service.conflict(id, for: principal)
        var detailed = DetailedError(error: error)
        detailed.members = [
            Problem.Member(name: "conflict", json: conflict.entry.json(at: conflict.place))
        ]
        let found = try await service.record(conflict.entry.record, in: principal.areas)
        if let view = found?.record.view(conflicts: found?.conflicts ?? []) {
            detailed.members.append(Problem.Member(name: "record", json: view.json))
        }
        return detailed
    }
}
