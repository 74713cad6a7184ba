internal import Foundation
internal import Hummingbird
internal import SyncProtocol
internal import SyncServer

/// `GET /v1/audit`: every chain walked, for those who may [H-03].
extension DecisionRoutes {
    @Sendable
    func audit(_ request: Request, _ context: SyncRequestContext) async throws -> Response {
        let principal = try await principal(request)
        guard principal.role.may(.audit) else {
            throw SyncError(
                "role_forbidden",
                "本岗位无此权限 This role may not do that",
                hint: "由平台运维人员核对。 An operator walks the chains."
            )
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let json = try encoder.encode(AuditDocument(try await service.auditChains()))
        return answer(Array(json), to: request)
    }
}

/// What a walk along every chain found, as people and scripts read it.
private struct AuditDocument: Encodable {
    struct Break: Encodable {
        var device: String
        var name: String
        var sequence: UInt64
        var code: String
    }

    var devices: Int
    var changes: Int
    var redacted: Int
    var breaks: [Break]

    init(_ report: AuditReport) {
        devices = report.devices
        changes = report.changes
        redacted = report.redacted
        breaks = report.breaks.map { found in
            Break(
                device: found.device.description,
                name: found.name,
                sequence: found.sequence.rawValue,
                code: found.code
            )
        }
    }
}
