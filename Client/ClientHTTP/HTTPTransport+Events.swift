internal import NIOHTTP1
public import SyncClient
public import SyncProtocol

extension HTTPTransport {
    /// Listens for news, on a connection of its own.
    public func events(
        after mark: NewsMark,
        from server: ServerAddress,
        token: String
    ) async throws -> AsyncThrowingStream<NewsEvent, any Error> {
        let place = Place(server.url)
        let request = HTTPExchange.Request(
            method: .GET,
            path: (place?.path ?? "") + "/v1/events",
            headers: [
                "Host": place?.authority ?? "",
                "Accept": "text/event-stream",
                "Last-Event-ID": "\(mark)",
                "Authorization": "Bearer \(token)",
            ]
        )
        return try await connections.listen(request, at: server)
    }
}
