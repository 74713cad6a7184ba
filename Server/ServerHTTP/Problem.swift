internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import SyncProtocol

/// Problem details (RFC 9457): what every error over HTTP looks like.
///
/// > [W-05] Every error over HTTP is a problem document (RFC 9457) with a stable `code` and a `hint`.
struct Problem: Encodable, ResponseGenerator {
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
        case "record_not_found", "route_not_found": .notFound
        case "method_not_allowed": .methodNotAllowed
        case "code_unknown", "code_used", "code_expired": .forbidden
        case "sequence_gap", "device_forked": .conflict
        case "body_too_large", "batch_too_large": .contentTooLarge
        case "media_type_unsupported", "coding_unsupported": .unsupportedMediaType
        case "database_busy", "disk_full", "database_unavailable": .serviceUnavailable
        case "internal", "database_unreadable", "settings_damaged": .internalServerError
        default: .badRequest
        }
    }

    func response(from request: Request, context: some RequestContext) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if status == 503 { headers[.retryAfter] = "5" }
        return Response(
            status: .init(code: status),
            headers: headers,
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(self)))
        )
    }
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
            if !(error is SyncError), !(error is any HTTPResponseError) {
                context.logger.error("unexpected error", metadata: ["error": "\(error)"])
            }
            return try Problem(problem(error), requestID: context.id, now: clock())
                .response(from: request, context: context)
        }
    }

    private func problem(_ error: any Error) -> SyncError {
        switch error {
        case let error as SyncError: error
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
                hint: "The routes are in the README."
            )
        case let error as any HTTPResponseError where error.status == .methodNotAllowed:
            SyncError(
                "method_not_allowed",
                "This method does not apply here",
                hint: "POST /v1/sync, GET /v1/records."
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
