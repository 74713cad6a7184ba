public import SyncProtocol

extension ResidenceClient {
    /// Keeps up with the server until the task is cancelled: syncs when the server says that there is something to read,
    /// when something was captured (within half a minute), and where nobody can be heard, about once in an interval.
    ///
    /// A failed sync is reported and tried again. Throws where the device was revoked, or is none.
    public func follow(
        every interval: Duration = .seconds(300),
        report: @escaping @Sendable (Result<SyncReport, SyncError>) -> Void = { _ in }
    ) async throws {
        var session = FollowSession(interval: interval)
        var stream: AsyncThrowingStream<NewsEvent, any Error>.AsyncIterator?
        var action = session.handle(.started)
        while !Task.isCancelled {
            switch action {
            case .sync:
                do {
                    report(.success(try await sync()))
                    action = session.handle(.synced)
                } catch let error as SyncError {
                    report(.failure(error))
                    guard try await profile() != nil else { throw error }
                    action = session.handle(.failed(chance: environment.chance()))
                }
            case .listen:
                action = session.handle(await hear(&stream))
            case .wait(let duration):
                stream = nil
                try await environment.sleep(duration)
                action = session.handle(.waited)
            }
        }
    }

    /// The next word of a stream, which is opened where it is not.
    private func hear(
        _ stream: inout AsyncThrowingStream<NewsEvent, any Error>.AsyncIterator?
    ) async -> FollowSession.Event {
        do {
            if stream == nil { stream = try await listen().makeAsyncIterator() }
            guard let word = try await stream?.next(isolation: #isolation) else {
                return .cut(retryAfter: nil, chance: environment.chance())
            }
            let (own, hasWork) = try await store.read {
                (try $0.newsMark(), try $0.unansweredCount() > 0)
            }
            return .heard(word, own: own, hasWork: hasWork, chance: environment.chance())
        } catch {
            return .cut(
                retryAfter: (error as? TransportFailure)?.retryAfter,
                chance: environment.chance()
            )
        }
    }

    private func listen() async throws -> AsyncThrowingStream<NewsEvent, any Error> {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        return try await transport.events(
            after: try await newsMark(),
            from: profile.address,
            token: try await token()
        )
    }

    /// What this device has read, as the server's events put it.
    package func newsMark() async throws -> NewsMark { try await store.read { try $0.newsMark() } }
}

extension LocalReader {
    fileprivate func newsMark() throws -> NewsMark {
        guard let profile = try profile() else { throw SyncError.notEnrolled }
        return NewsMark(
            epoch: profile.epoch,
            grant: profile.grant.number,
            positions: try bookmarks().reduce(0) { $0 &+ $1.position.rawValue },
            settlement: profile.settlements ?? 0
        )
    }
}
