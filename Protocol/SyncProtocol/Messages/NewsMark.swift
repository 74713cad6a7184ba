/// How far a device's news reaches: the id of an event [S-02].
///
/// Whoever's own mark is another one has something to read.
public struct NewsMark: Hashable, Sendable, CustomStringConvertible {
    /// The epoch in which the numbers count.
    public var epoch: Epoch
    /// The number of the device's grant.
    public var grant: UInt64
    /// The sum of the last positions of the areas of the grant.
    public var positions: UInt64
    /// The number of the last settlement about the device's returned changes.
    public var settlement: UInt64

    /// A mark of these numbers.
    public init(epoch: Epoch, grant: UInt64, positions: UInt64, settlement: UInt64) {
        self.epoch = epoch
        self.grant = grant
        self.positions = positions
        self.settlement = settlement
    }

    /// A mark from its text form; `nil` where it is none.
    public init?(_ text: some StringProtocol) {
        let numbers = text.split(separator: "-", omittingEmptySubsequences: false)
            .map { UInt64($0) }
        guard numbers.count == 4, let epoch = numbers[0], let grant = numbers[1],
            let positions = numbers[2], let settlement = numbers[3]
        else { return nil }
        self.init(
            epoch: Epoch(rawValue: epoch),
            grant: grant,
            positions: positions,
            settlement: settlement
        )
    }

    /// `EPOCH-GRANT-SUM-SETTLEMENT`.
    public var description: String { "\(epoch.rawValue)-\(grant)-\(positions)-\(settlement)" }
}
