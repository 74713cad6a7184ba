internal import Foundation
internal import Logging
internal import ServiceLifecycle
internal import StoreSQLite
internal import SyncProtocol
internal import SyncServer

/// Makes backups while the daemon runs, as the settings plan them.
struct BackupSchedule: Service {
    let plan: ServeSettings.BackupPlan
    let service: SyncService
    let store: SQLiteStore
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = self.pause(after: service.now, last: try? await service.lastBackup())
            while !Task.isCancelled {
                do {
                    try await ContinuousClock().sleep(for: pause)
                } catch {
                    return
                }
                await backup()
                // Whether or not it came to be: one that fails is not tried without end.
                pause = self.pause(after: service.now, last: service.now)
            }
        }
    }

    /// How long until the next one is due, where the last was begun at a time, in milliseconds since 1970.
    ///
    /// An interval counts from the last one, whenever the daemon was started: a daemon that is started often
    /// backs up all the same. Where there was none, one is due at once.
    func pause(after now: Int64, last: Int64?, in zone: TimeZone = .current) -> Duration {
        if let hours = plan.everyHours {
            let due = last.map { $0 + Int64(hours * 3_600_000) } ?? now
            return .milliseconds(max(0, due - now))
        }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let start = Date(timeIntervalSince1970: Double(now) / 1000)
        let minute = plan.minute ?? 150
        let next = calendar.nextDate(
            after: start,
            matching: DateComponents(hour: minute / 60, minute: minute % 60),
            matchingPolicy: .nextTime
        )
        return .seconds(max(1, (next ?? start.addingTimeInterval(86_400)).timeIntervalSince(start)))
    }

    private func backup() async {
        let folder = BackupFolder(folder: URL(fileURLWithPath: plan.folder))
        do {
            let made = try await BackupFolder.backup(
                store,
                of: service,
                to: folder.next(at: service.now)
            )
            try folder.keep(plan.keep ?? 14, with: made)
            logger.info(
                "backup made and verified",
                metadata: [
                    "file": "\(made.file)", "changes": "\(made.changes)", "bytes": "\(made.bytes)",
                ]
            )
        } catch {
            // Devices keep what they have until one succeeds; the next is tried in time.
            logger.error("backup failed", metadata: ["error": "\(error)"])
        }
    }
}
