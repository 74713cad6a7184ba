import SyncProtocol

/// The code of the error that a body throws; `nil` where it throws none.
func errorCode<R>(of body: () async throws -> R) async throws -> String? {
    do {
        _ = try await body()
        return nil
    } catch let error as SyncError {
        return error.code.rawValue
    }
}
