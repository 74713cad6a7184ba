internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// `GET /v1/records` and `/v1/records/{id}`: JSON for people and scripts.
///
/// A device sees what stands in its areas and nothing else [F-05].
struct RecordRoutes: Sendable {
    let service: SyncService
    let door: Door
    let bodies: Bodies

    init(service: SyncService, door: Door, limits: Limits) {
        (self.service, self.door) = (service, door)
        bodies = Bodies(limits: limits, traffic: door.limits)
    }

    func add(to router: Router<SyncRequestContext>) {
        router.get("/v1/records", use: list)
        router.get("/v1/records/:id", use: show)
    }

    @Sendable
    private func list(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let device = try await door.device(request, context)
        let page = try await service.records(
            ofType: try request.recordType()?.number,
            in: areas(try request.area(), of: device),
            after: try request.parameter("after") { RecordID($0) },
            limit: try request.limit(),
            for: Principal(device)
        )
        let views = page.records.compactMap { $0.view() }
        return bodies.response(RecordView.json(list: views, next: page.next), .json, to: request)
    }

    @Sendable
    private func show(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let device = try await door.device(request, context)
        let id = try context.recordID()
        guard let found = try await service.record(id, for: Principal(device)),
            let view = found.record.view(conflicts: found.conflicts)
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

    /// The device's areas, or the one asked for where the device may see it.
    private func areas(_ asked: AreaCode?, of device: StoredDevice) -> [AreaCode] {
        guard let asked else { return device.grant.areas }
        // Whoever sees some fields only could find out by it where a record stands.
        let mayNarrow = device.grant.scope == nil || device.grant.areas.contains(asked)
        if mayNarrow, device.grant.areas.cover(asked) { return [asked] }
        return device.grant.areas.filter { asked.contains($0) }
    }
}
