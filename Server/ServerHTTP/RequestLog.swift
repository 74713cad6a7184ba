internal import HTTPTypes
internal import Hummingbird
internal import Logging

/// One line in the log for each request, and its id in the answer: path, status and time, never a
/// body, a query or a header, since those are personal.
struct RequestLog<Context: RequestContext>: RouterMiddleware {
    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        let begun = ContinuousClock.now
        var response = try await next(request, context)
        let took = ContinuousClock.now - begun
        if let name = HTTPField.Name("X-Request-Id") { response.headers[name] = context.id }
        context.logger.log(
            level: request.uri.path.hasPrefix("/health") ? .debug : .info,
            "request",
            metadata: [
                "method": "\(request.method)", "path": "\(request.uri.path)",
                "status": "\(response.status.code)",
                "milliseconds": "\(took / .milliseconds(1))",
            ]
        )
        return response
    }
}
