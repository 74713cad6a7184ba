internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// `GET /v1/records` and `/v1/records/{id}`: JSON for people and scripts.
///
/// A device sees what stands in its areas and nothing else [F-05].
struct RecordRoutes: Sendable {
    let service: SyncService
    let bodies: Bodies
    let schema = Schema.current

    init(service: SyncService, limits: Limits) {
        self.service = service
        bodies = Bodies(limits: limits)
    }

    func add(to router: Router<SyncRequestContext>) {
        router.get("/v1/records", use: list)
        router.get("/v1/records/:id", use: show)
    }

    @Sendable
    private func list(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let device = try await service.authenticate(request.bearerToken)
        let query = request.uri.queryParameters
        let page = try await service.records(
            ofType: try query["type"].map(type(named:)),
            in: try areas(query["area"], of: device),
            after: try query["after"].map { try parse($0, "after", RecordID.init) },
            limit: try query["limit"].map { try parse($0, "limit") { Int($0) } } ?? 100
        )
        let views = page.records.compactMap { view(of: $0, conflicts: []) }
        return bodies.response(RecordView.json(list: views, next: page.next), .json, to: request)
    }

    @Sendable
    private func show(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let device = try await service.authenticate(request.bearerToken)
        let id = try parse(try context.parameters.require("id")[...], "id", RecordID.init)
        guard let found = try await service.record(id, in: device.grant.areas),
            let view = view(of: found.record, conflicts: found.conflicts)
        else {
            throw SyncError(
                "record_not_found",
                "There is no such record in this device's areas",
                hint: "Check the id; a record outside the areas is not shown.",
                subject: "id"
            )
        }
        return bodies.response(view.json, .json, to: request)
    }

    private func view(of record: StoredRecord, conflicts: [[UInt8]]) -> RecordView? {
        schema.type(record.state.type).map { type in
            RecordView(
                of: record.state,
                type: type,
                areas: record.placements.map(\.area),
                conflicts: conflicts
            )
        }
    }

    private func type(named name: Substring) throws -> UInt32 {
        try parse(name, "type") { schema.type(named: $0)?.number }
    }

    /// The device's areas, or the one asked for where the device may see it.
    private func areas(_ asked: Substring?, of device: StoredDevice) throws -> [AreaCode] {
        guard let asked else { return device.grant.areas }
        let area = try parse(asked, "area") { AreaCode($0) }
        if device.grant.areas.cover(area) { return [area] }
        return device.grant.areas.filter { area.contains($0) }
    }

    private func parse<Value>(
        _ text: Substring,
        _ name: String,
        _ parser: (Substring) -> Value?
    ) throws -> Value {
        guard let value = parser(text) else {
            throw SyncError(
                "parameter_invalid",
                "The parameter \(name) is not understood",
                hint: "type: a record type; area: digits; after, id: a UUID; limit: a number.",
                subject: name
            )
        }
        return value
    }
}
