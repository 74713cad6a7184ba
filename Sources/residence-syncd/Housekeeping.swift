internal import Logging
internal import ServiceLifecycle
internal import SyncProtocol
internal import SyncServer

/// What the daemon does for itself once a day: takes out of the feeds what nobody needs any more [F-08].
struct Housekeeping: Service {
    let service: SyncService
    let logger: Logger
    /// After how many days entries of the log of who read what are removed; `nil` for never.
    var accessDays: Int?
    var interval = Duration.seconds(24 * 3600)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await prune()
                await pruneAccesses()
                try? await ContinuousClock().sleep(for: interval)
            }
        }
    }

    // > [L-03] Entries are removed by age alone, and the removal is an entry.
    private func pruneAccesses() async {
        guard let accessDays else { return }
        do {
            let pruned = try await service.pruneAccesses(
                before: service.now - Int64(accessDays) * 86_400_000,
                reason: "access.keep_days = \(accessDays)",
                for: Principal(operatorNamed: "residence-syncd")
            )
            guard pruned > 0 else { return }
            logger.info("accesses pruned", metadata: ["entries": "\(pruned)"])
        } catch {
            logger.warning("pruning accesses failed", metadata: ["error": "\(error)"])
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
