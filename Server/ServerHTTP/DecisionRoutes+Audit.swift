internal import Foundation
internal import Hummingbird
internal import SyncServer

/// `GET /v1/audit`: every chain walked, for those who may [H-03].
extension DecisionRoutes {
    @Sendable
    func audit(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let report = try await service.auditChains(for: try await principal(request, context))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return answer(Array(try encoder.encode(report)), to: request)
    }
}
