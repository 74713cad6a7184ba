internal import Foundation
internal import SyncProtocol
internal import SyncServer
internal import Synchronization

/// How daemons on one database tell each other whom a commit concerns: `NOTIFY`.
///
/// It is sent behind the commit, not within: a transaction that notifies holds a lock of the whole database while it
/// commits, and writers would wait for one another's disk. Who dies in between leaves the others to their next look.
final class NewsWire: Sendable {
    static let channel = "residence_news"
    /// What this daemon puts before its own words, so that it does not hear itself.
    let name = String(UInt64.random(in: .min ... .max), radix: 16)
    /// Whether the database passes words on.
    private let isThere = Mutex(true)

    /// Tells the others, if anybody has to hear; a commit is none the less done where that fails.
    func send(_ news: CommitNews, on connection: Connection) {
        guard !news.isEmpty, isThere.withLock({ $0 }) else { return }
        // PostgreSQL takes less than 8,000 bytes.
        let words = "\(name) \(news.text(atMost: 7_000))"
        let telling = Statement("SELECT pg_notify($1, $2)", [.text(Self.channel), .text(words)])
        do {
            _ = try connection.run([telling])
        } catch let failure as PostgresFailure where failure.isUnsupported {
            isThere.withLock { $0 = false }
        } catch {
            // The connection makes itself anew.
        }
    }

    /// What another daemon says; `nil` where it was this one.
    func read(_ words: String) -> CommitNews? {
        let parts = words.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0] != name else { return nil }
        return CommitNews(text: parts[1])
    }
}

extension PostgresFailure {
    /// Whether this database does not know what was asked of it.
    fileprivate var isUnsupported: Bool { ["0A000", "42883", "42601", "42501"].contains(state) }
}

/// Hears what other daemons say, in a thread and on a connection of its own, as long as somebody waits.
final class NewsListener: Sendable {
    private let settings: PostgresSettings
    private let news: News
    private let wire: NewsWire
    private let isStopped = Mutex(false)

    init(_ settings: PostgresSettings, _ news: News, _ wire: NewsWire) {
        var settings = settings
        settings.migrates = false
        (self.settings, self.news, self.wire) = (settings, news, wire)
    }

    /// Lets the thread end within a quarter of a second.
    func stop() { isStopped.withLock { $0 = true } }

    private var goesOn: Bool { !isStopped.withLock { $0 } }

    func run() {
        var failures = 0
        while goesOn {
            guard news.count > 0 else {
                Thread.sleep(forTimeInterval: 0.05)
                continue
            }
            let connection = Connection(settings)
            do {
                try connection.execute("LISTEN \(NewsWire.channel)")
                failures = 0
                try hear(connection)
            } catch {
                failures += 1
                look(for: min(30, 1 << min(failures, 5)))
            }
        }
    }

    /// Passes on what is said; what nobody said, since who committed it died, is found twice a minute.
    private func hear(_ connection: Connection) throws {
        news.tell(.vague)
        var looked = ContinuousClock.now
        while goesOn, news.count > 0 {
            for words in try connection.notifications(within: 250) {
                if let told = wire.read(words) { news.tell(told) }
            }
            guard ContinuousClock.now - looked > .seconds(30) else { continue }
            news.tell(.vague)
            looked = .now
        }
    }

    /// Looks once a second for so long: nobody can be heard.
    private func look(for seconds: Int) {
        for quarter in 0..<4 * seconds where goesOn {
            if quarter % 4 == 0 { news.tell(.vague) }
            Thread.sleep(forTimeInterval: 0.25)
        }
    }
}
