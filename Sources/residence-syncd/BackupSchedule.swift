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
            while !Task.isCancelled {
                do {
                    try await ContinuousClock().sleep(for: pause(after: SystemClock.milliseconds()))
                } catch {
                    return
                }
                await backup()
            }
        }
    }

    /// How long until the next one is due; at least a second.
    func pause(after now: Int64, in zone: TimeZone = .current) -> Duration {
        if let hours = plan.everyHours { return .seconds(hours * 3600) }
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
            try folder.keep(plan.keep ?? 14)
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
