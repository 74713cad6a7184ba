internal import HTTPTypes
internal import Hummingbird
internal import SyncProtocol

/// Tells whoever uses a path by a method that it does not have which ones it has: 405 and `Allow`.
///
/// Added behind every route, so that only what no route answers gets here.
struct MethodsAllowed<Context: RequestContext>: RouterMiddleware {
    private let routes: [(path: RouterPath, method: HTTPRequest.Method)]

    init(of router: Router<Context>) {
        routes = router.routes.map { ($0.path, $0.method) }
    }

    func handle(
        _ request: Request,
        context: Context,
        next: @concurrent (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError where error.status == .notFound {
            let methods = methods(of: request.uri.path)
            guard !methods.isEmpty else { throw error }
            throw DetailedError(
                error: SyncError(
                    "method_not_allowed",
                    "This method does not apply here",
                    hint: "The header Allow names those that do."
                ),
                headers: [.allow: methods.joined(separator: ", ")]
            )
        }
    }

    private func methods(of path: String) -> [String] {
        let parts = path.split(separator: "/")
        return routes.filter { route in
            route.path.count == parts.count && zip(route.path, parts).allSatisfy { $0 ~= $1 }
        }
        .map(\.method.rawValue).sorted()
    }
}
