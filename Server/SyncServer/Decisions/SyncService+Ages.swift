internal import SyncProtocol

extension SyncService {
    /// Since when the oldest open conflict, and the oldest returned change that nobody has dealt with, wait: in
    /// milliseconds since 1970 by the server's clock; `nil` where none does.
    public func waitingSince() async throws -> (conflict: Int64?, returned: Int64?) {
        try await store.read { transaction in
            let returned = try transaction.returned(after: 0, unsettledOnly: true, limit: 1).first
            return (try transaction.oldestOpenConflict()?.metAt, returned?.change.receivedAt)
        }
    }
}
