public import SyncProtocol
internal import SyncTrust

extension SyncService {
    // > [G-03] A repair descends from areas by the last digits of the ids to branches that hold few records;
    // > those are sent whole. It sends nothing from outside the areas of the grant.

    /// Where a device's sums are not the server's: the sums to compare further, or the records.
    ///
    /// Throws `device_unknown` and `too_many_branches`.
    public func repair(
        _ request: RepairRequest,
        from id: DeviceID
    ) async throws -> RepairResponse {
        guard request.branches.count <= limits.bookmarks else {
            throw SyncError(
                "too_many_branches",
                "The request holds \(request.branches.count) branches",
                hint: "Send at most \(limits.bookmarks).",
                subject: "branches"
            )
        }
        let (now, limits) = (clock(), limits)
        let (answer, principal) = try await store.read { transaction in
            guard let device = try transaction.device(id) else { throw SyncError.deviceUnknown }
            // It may have changed since the token was checked.
            try device.mustBeInUse()
            var answer = RepairResponse(epoch: try transaction.epoch(), serverTime: now)
            let principal = Principal(device)
            guard request.epoch == answer.epoch else { return (answer, principal) }
            let areas = device.feeds
            var bookkeeper = Bookkeeper(transaction: transaction, limits: limits)
            for branch in request.branches {
                guard bookkeeper.room > 0 else { break }
                answer.answered += 1
                guard areas.cover(branch.area) else { continue }
                try bookkeeper.compare(branch, into: &answer)
            }
            return (answer, principal)
        }
        let read = answer.leaves.flatMap { $0.records.map(\.id) }
        if !read.isEmpty { await note(.repair, read, by: principal) }
        return answer
    }
}

/// Compares branches with what stands in the feeds; each area is walked once.
///
/// What its records say is read again for the few that are sent: an area may hold more than there is memory for.
private struct Bookkeeper {
    /// A branch that holds no more than so many is sent whole.
    static let fewRecords = 8

    let transaction: any StoreReader
    var room: Int
    private var areas: [AreaCode: [Standing]] = [:]

    private struct Standing {
        /// The id's digits from the last one on: what a branch holds lies side by side.
        let digits: String
        let mark: UInt128
        let position: Position
    }

    init(transaction: any StoreReader, limits: Limits) {
        self.transaction = transaction
        room = limits.pageBytes
    }

    mutating func compare(_ branch: Branch, into answer: inout RepairResponse) throws {
        let here = Self.part(of: try records(of: branch.area), endingWith: branch.digits)
        // Looking costs, too: whoever asks for the same a thousand times is answered a part of it.
        room -= 16 + here.count / 4
        guard Self.sum(here) != branch.digest else { return }
        guard here.count > Self.fewRecords, branch.digits.count < 32 else {
            let whole = try here.compactMap { try copy(at: $0.position, in: branch.area) }
            room -= whole.reduce(32) { $0 + $1.weight }
            answer.leaves.append(
                Leaf(area: branch.area, digits: branch.digits, records: whole)
            )
            return
        }
        let children = Branch.children(of: branch.digits)
        room -= children.count * 40
        answer.branches += children.map { digits in
            Branch(
                area: branch.area,
                digits: digits,
                digest: Self.sum(Self.part(of: here, endingWith: digits))
            )
        }
    }

    /// Of records in the order of their digits those whose ids end with some.
    private static func part(
        of records: ArraySlice<Standing>,
        endingWith digits: String
    ) -> ArraySlice<Standing> {
        let first = String(digits.reversed())
        let start = records.partition { $0.digits < first }
        return records[start...].prefix { $0.digits.hasPrefix(first) }
    }

    /// The record that stands at a position, with the conflicts that it has to bring.
    private func copy(at position: Position, in area: AreaCode) throws -> RecordCopy? {
        var found: RecordCopy?
        let before = Position(rawValue: position.rawValue - 1)
        try transaction.feed(of: area, after: before) { entry in
            if case .record(let copy, let open) = entry.content, entry.position == position {
                found = try transaction.whole(copy, openConflicts: open)
            }
            return false
        }
        return found
    }

    private static func sum(_ records: ArraySlice<Standing>) -> AreaDigest {
        records.reduce(.empty) { $0 + AreaDigest(mark: $1.mark) }
    }

    private mutating func records(of area: AreaCode) throws -> ArraySlice<Standing> {
        if let known = areas[area] { return known[...] }
        var found: [Standing] = []
        try transaction.feed(of: area, after: .start) { entry in
            if case .record(let copy, _) = entry.content, let mark = RecordMark.of(copy) {
                found.append(
                    Standing(
                        digits: String(copy.id.bytes.hexadecimal.reversed()),
                        mark: mark,
                        position: entry.position
                    )
                )
            }
            return true
        }
        found.sort { $0.digits < $1.digits }
        areas[area] = found
        return found[...]
    }
}

extension ArraySlice {
    /// Where those end that come first, of elements that are in order.
    fileprivate func partition(_ isBefore: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
