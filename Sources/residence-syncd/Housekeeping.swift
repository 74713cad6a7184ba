internal import Logging
internal import ServiceLifecycle
internal import SyncProtocol
internal import SyncServer

/// What the daemon does for itself once a day: takes out of the feeds what nobody needs any more [F-08].
struct Housekeeping: Service {
    let service: SyncService
    let logger: Logger
    var interval = Duration.seconds(24 * 3600)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await prune()
                try? await ContinuousClock().sleep(for: interval)
            }
        }
    }

    private func prune() async {
        do {
            let pruned = try await service.prune()
            guard pruned > 0 else { return }
            logger.info("pruned", metadata: ["entries": "\(pruned)"])
        } catch {
            // It is tried again tomorrow; nothing depends on it.
            logger.warning("pruning failed", metadata: ["error": "\(error)"])
        }
    }
}
