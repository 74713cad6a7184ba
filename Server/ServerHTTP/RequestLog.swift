internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// One line in the log for each request, and its id in the answer: path, status and time.
///
/// Never a body, a query or a header, since those are personal. A stream of events has its line when it ends.
struct RequestLog<Context: RequestContext>: RouterMiddleware {
    /// The type of what goes on for hours.
    static var stream: String { "text/event-stream" }

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let begun = ContinuousClock.now
        var response = try await next(request, context)
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = context.id }
        // A stream keeps what its line needs, and no more, for hours.
        let (method, path, logger) = (request.method, request.uri.path, context.logger)
        let (status, body) = (response.status, response.body)
        guard response.headers[.contentType] == Self.stream else {
            Self.note(method, path, status, since: begun, logger)
            return response
        }
        response.body = ResponseBody { writer in
            defer { Self.note(method, path, status, since: begun, logger) }
            try await body.write(writer)
        }
        return response
    }

    private static func note(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ status: HTTPResponse.Status,
        since begun: ContinuousClock.Instant,
        _ logger: Logger
    ) {
        let took = ContinuousClock.now - begun
        logger.log(
            level: path.hasPrefix("/health") ? .debug : .info,
            "request",
            metadata: [
                "method": "\(method)", "path": "\(path)",
                "status": "\(status.code)",
                "milliseconds": "\(took / .milliseconds(1))",
            ]
        )
    }
}
