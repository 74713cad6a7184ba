internal import Foundation
public import SyncProtocol

/// One epoch of the server's database, and how it began.
public struct EpochBeginning: Hashable, Codable, Sendable {
    /// How an epoch begins.
    public enum Cause: String, Hashable, Codable, Sendable {
        /// The database was made.
        case created
        /// An operator restored it from a backup.
        case restored
        /// A device showed that it is an older state than it was.
        case undeclared
        /// It never began here: a device showed a receipt of it, from a state that was lost whole.
        case elsewhere
    }

    /// Its number.
    public var epoch: UInt64
    /// When it began, in milliseconds since 1970 by the server's clock.
    public var beganAt: Int64
    /// How it began.
    public var cause: Cause
    /// When the backup was made from which it was restored, in milliseconds since 1970.
    public var backupMadeAt: Int64?
    /// Of an epoch that went on after something of it was lost: until when it is known to have been one.
    ///
    /// In milliseconds since 1970. Behind that, the same revision may have been given twice.
    public var commonUntil: Int64?

    /// A beginning.
    public init(epoch: Epoch, beganAt: Int64, cause: Cause, backupMadeAt: Int64? = nil) {
        self.epoch = epoch.rawValue
        self.beganAt = beganAt
        self.cause = cause
        self.backupMadeAt = backupMadeAt
    }
}

extension StoreReader {
    /// The epoch that the database is in.
    ///
    /// Throws `settings_damaged`.
    public func epoch() throws -> Epoch {
        guard let epoch = try setting(.epoch).flatMap(Epoch.init(bytes:)) else {
            throw SyncError.settingsDamaged
        }
        return epoch
    }

    /// Every epoch that the database knows of, the first one first.
    public func epochs() throws -> [EpochBeginning] {
        guard let json = try setting(.epochLog) else {
            // A database from before there were restores is in its first one.
            let first = try epoch()
            let began = Int64(clamping: first.rawValue)
            return [EpochBeginning(epoch: first, beganAt: began, cause: .created)]
        }
        guard let known = try? JSONDecoder().decode([EpochBeginning].self, from: Data(json)) else {
            throw SyncError.settingsDamaged
        }
        return known
    }
}

extension StoreTransaction {
    // > [X-01] A server restored from a backup begins an epoch above every one it had.

    /// Begins an epoch above another one, and above every one that is known here.
    @discardableResult
    public func beginEpoch(
        above other: Epoch = .none,
        at now: Int64,
        _ cause: EpochBeginning.Cause,
        backupMadeAt: Int64? = nil,
        commonUntil: Int64? = nil
    ) throws -> Epoch {
        var known = try setting(.epoch) == nil ? [] : try epochs()
        if let commonUntil, let last = known.indices.last {
            known[last].commonUntil = min(known[last].commonUntil ?? .max, commonUntil)
        }
        let highest = max(known.map(\.epoch).max() ?? 0, other.rawValue)
        let next = Epoch(rawValue: max(UInt64(clamping: now), highest + 1))
        let all =
            known + [
                EpochBeginning(
                    epoch: next,
                    beganAt: now,
                    cause: cause,
                    backupMadeAt: backupMadeAt
                )
            ]
        try keep(all)
        try set(next.bytes, for: .epoch)
        return next
    }

    /// Notes that there was an epoch of which this database knows nothing.
    func noteEpoch(elsewhere epoch: Epoch, at now: Int64) throws {
        var known = try epochs()
        guard !known.contains(where: { $0.epoch == epoch.rawValue }) else { return }
        var lost = EpochBeginning(epoch: epoch, beganAt: now, cause: .elsewhere)
        lost.commonUntil = 0
        known.append(lost)
        try keep(known.sorted { $0.epoch < $1.epoch })
    }

    private func keep(_ all: [EpochBeginning]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        try set(Array(try encoder.encode(all)), for: .epochLog)
    }
}

extension Epoch {
    fileprivate var bytes: [UInt8] { withUnsafeBytes(of: rawValue.bigEndian) { Array($0) } }

    fileprivate init?(bytes: [UInt8]) {
        guard bytes.count == 8 else { return nil }
        self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension SyncError {
    static let settingsDamaged = SyncError(
        "settings_damaged",
        "The database does not hold a readable key and epoch",
        hint: "Restore it from a backup; do not start a new one in its place."
    )
}
