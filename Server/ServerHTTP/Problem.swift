internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import SyncProtocol

/// Problem details (RFC 9457): what every error over HTTP looks like.
///
/// > [W-05] Every error over HTTP is a problem document (RFC 9457) with a stable `code` and a `hint`.
struct Problem: Encodable, ResponseGenerator {
    /// A further member of a problem document, which is JSON already.
    struct Member: Sendable {
        var name: String
        var json: [UInt8]
    }

    var type: String
    var title: String
    var status: Int
    var code: String
    var hint: String
    /// The field, parameter or number concerned.
    var subject: String?
    var requestID: String
    /// The server's clock in milliseconds since 1970: whoever's token does not fit signs again by it.
    var serverTime: Int64
    /// What the document tells beside all this.
    var members: [Member] = []
    /// What the answer's head tells beside it.
    var fields: HTTPFields = [:]

    enum CodingKeys: String, CodingKey {
        case type, title, status, code, hint, subject
        case requestID = "request_id"
        case serverTime = "server_time"
    }

    init(_ error: SyncError, requestID: String, now: Int64) {
        type = "urn:residence-sync:problem:\(error.code.rawValue)"
        title = error.message
        status = Self.status(of: error.code).code
        code = error.code.rawValue
        hint = error.hint
        subject = error.subject
        self.requestID = requestID
        serverTime = now
    }

    static func status(of code: SyncError.Code) -> HTTPResponse.Status {
        switch code {
        case "token_missing", "token_malformed", "token_time", "device_unknown",
            "signature_invalid", "audience_wrong":
            .unauthorized
        case "record_not_found", "record_unknown", "record_not_there_then", "conflict_not_found",
            "quarantine_not_found", "route_not_found":
            .notFound
        case "method_not_allowed": .methodNotAllowed
        case "code_unknown", "code_used", "code_expired", "role_forbidden", "outside_areas",
            "certificate_invalid", "device_awaits_confirmation", "device_suspended",
            "device_revoked", "device_rekeyed", "outbox_unexpected", "predecessor_unfit",
            "predecessor_missing", "predecessor_parted", "predecessor_unexpected", "outside_scope":
            .forbidden
        case "sequence_gap", "bookmark_token_unknown", "device_forked", "device_known",
            "conflict_outdated",
            "conflict_closed",
            "conflict_unknown", "quarantine_settled", "record_redirected", "redirect_circular",
            "record_not_redirected", "record_referred_to", "record_deleted", "record_erased",
            "erased_already", "redirect_outdated", "identity_fixed":
            .conflict
        case "body_too_large", "batch_too_large": .contentTooLarge
        case "too_many_requests", "server_busy": .tooManyRequests
        case "body_too_slow": .requestTimeout
        case "media_type_unsupported", "coding_unsupported": .unsupportedMediaType
        case "database_busy", "disk_full", "database_unavailable", "scrub_unfinished",
            "streams_full":
            .serviceUnavailable
        case "internal", "database_unreadable", "settings_damaged": .internalServerError
        default: .badRequest
        }
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers = fields
        headers[.contentType] = "application/problem+json"
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if status == 503, headers[.retryAfter] == nil { headers[.retryAfter] = "5" }
        // What waits is done with in a second or two; whoever was refused adds a chance of its own.
        if status == 429, headers[.retryAfter] == nil { headers[.retryAfter] = "2" }
        return Response(
            status: .init(code: status),
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: withMembers(try encoder.encode(self))))
        )
    }

    /// The document with its further members, which go before the brace that closes it.
    private func withMembers(_ document: Data) -> [UInt8] {
        var bytes = Array(document.dropLast())
        for member in members {
            bytes += Array(",\"\(member.name)\":".utf8) + member.json
        }
        return bytes + document.suffix(1)
    }
}

/// An error that has more to tell than its code.
struct DetailedError: Error {
    /// The error.
    var error: SyncError
    /// Further members of the problem document.
    var members: [Problem.Member] = []
    /// What the answer's head tells.
    var headers: HTTPFields = [:]
}

/// Turns whatever a route throws into a problem document; nothing internal is told to strangers.
struct ProblemResponses<Context: RequestContext>: RouterMiddleware {
    let clock: @Sendable () -> Int64

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            let known = error is SyncError || error is DetailedError
            if !known, !(error is any HTTPResponseError) {
                context.logger.error("unexpected error", metadata: ["error": "\(error)"])
            }
            var document = Problem(problem(error), requestID: context.id, now: clock())
            if let detailed = error as? DetailedError {
                document.members = detailed.members
                document.fields = detailed.headers
            }
            return try document.response(from: request, context: context)
        }
    }

    private func problem(_ error: any Error) -> SyncError {
        switch error {
        case let error as SyncError: error
        case let error as DetailedError: error.error
        case let error as any HTTPResponseError where error.status == .contentTooLarge:
            SyncError(
                "body_too_large",
                "The body is too large",
                hint: "Send fewer changes at a time."
            )
        case let error as any HTTPResponseError where error.status == .notFound:
            SyncError(
                "route_not_found",
                "There is nothing here",
                hint: "The routes are in Protocol/openapi.yaml."
            )
        case let error as any HTTPResponseError where error.status == .methodNotAllowed:
            SyncError(
                "method_not_allowed",
                "This method does not apply here",
                hint: "The routes are in Protocol/openapi.yaml."
            )
        case is any HTTPResponseError:
            SyncError(
                "request_malformed",
                "The request cannot be read",
                hint: "Check its path, parameters and headers."
            )
        default:
            SyncError(
                "internal",
                "The server failed; nothing was changed",
                hint: "Try again; the server's log has more under this request's id."
            )
        }
    }
}
