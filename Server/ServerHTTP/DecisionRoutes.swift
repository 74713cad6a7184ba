internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// What people decide, over HTTP: conflicts, returned changes, one thing under two ids, deletions; and
/// what they look at before: histories, duplicates, the chains.
///
/// Whoever asks is the device whose token they bring, with its role and its areas.
struct DecisionRoutes: Sendable {
    let service: SyncService
    let door: Door
    let bodies: Bodies

    init(service: SyncService, door: Door, limits: Limits) {
        (self.service, self.door) = (service, door)
        bodies = Bodies(limits: limits, traffic: door.limits)
    }

    func add(to router: Router<SyncRequestContext>) {
        router.get("/v1/conflicts", use: listConflicts)
        router.get("/v1/conflicts/:id", use: showConflict)
        router.post("/v1/conflicts/:id/resolution", use: resolve)

        router.get("/v1/quarantine", use: listQuarantine)
        router.get("/v1/quarantine/:id", use: showReturned)
        router.post("/v1/quarantine/:id/mend", use: mend)
        router.post("/v1/quarantine/:id/discard", use: discard)

        router.get("/v1/records/:id/history", use: history)
        router.post("/v1/records/:id/reidentification", use: reidentify)
        router.post("/v1/records/:id/split", use: split)
        router.post("/v1/records/:id/deletion", use: delete)
        router.post("/v1/records/:id/undeletion", use: undelete)
        router.post("/v1/records/:id/erasure", use: erase)

        router.get("/v1/duplicates", use: duplicates)
        router.get("/v1/audit", use: audit)
    }

    /// Who asks.
    ///
    /// Throws what `Door.device` throws.
    func principal(
        _ request: Request,
        _ context: SyncRequestContext
    ) async throws -> Principal {
        Principal(try await door.device(request, context))
    }

    func answer(_ json: [UInt8], to request: Request) -> Response {
        bodies.response(json, .json, to: request)
    }
}
