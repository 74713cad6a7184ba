import SyncProtocol
import SyncServer
import SyncTrust

/// A device that numbers its changes, keeps its chain and its bookmarks, and holds what it read.
///
/// To send and to read are two things: what a device sends does not tell it any news.
struct TestDevice {
    let world: World
    let key: SigningKey
    let id: DeviceID
    let naturalKey: NaturalKey?
    /// The number of the grant that it last applied.
    var grant: UInt64
    var epoch: Epoch
    var bookmarks: [AreaCode: Bookmark] = [:]
    /// Every change that it numbered, the first with number 1.
    private(set) var payloads: [[UInt8]] = []
    private(set) var held: [RecordID: RecordCopy] = [:]
    private(set) var places: [RecordID: Set<AreaCode>] = [:]

    init(world: World, key: SigningKey, enrolled: EnrolmentResponse) {
        self.world = world
        self.key = key
        id = enrolled.device
        naturalKey = NaturalKey(bytes: enrolled.identityKey)
        grant = enrolled.grant.number
        epoch = enrolled.epoch
    }

    /// The same device restored from an image that is older than its first change.
    func clone() -> TestDevice {
        var clone = self
        clone.payloads = []
        return clone
    }

    // MARK: - Capturing

    /// A change to a record that its author saw at a revision; a creation where it saw none.
    func change(
        _ id: RecordID,
        to message: some RecordMessage,
        saw revision: UInt64 = 0
    ) -> Change {
        var change = blank(id, type(of: message).recordType, saw: revision)
        change.fields = message.fieldMap
        return change
    }

    /// A deletion by somebody who saw a revision.
    func deletion(of id: RecordID, _ type: RecordType, saw revision: UInt64) -> Change {
        var change = blank(id, type, saw: revision)
        change.deletion = Change.Deletion(reason: 1, text: "")
        return change
    }

    /// A change that says which record another one is.
    func redirect(_ id: RecordID, to target: RecordID, saw revision: UInt64) -> Change {
        var change = blank(id, Person.recordType, saw: revision)
        change.redirect = target
        return change
    }

    /// A change that takes a redirect back.
    func split(_ id: RecordID, saw revision: UInt64) -> Change {
        var change = blank(id, Person.recordType, saw: revision)
        change.split = true
        return change
    }

    /// A change that settles a conflict with one of its sides.
    func resolution(
        of conflict: ConflictEntry,
        _ choice: Change.Resolution.Choice,
        saw revision: UInt64
    ) -> Change {
        var change = blank(conflict.record, Person.recordType, saw: revision)
        change.type = conflict.type
        change.resolution = Change.Resolution(conflict: conflict.id, choice: choice)
        return change
    }

    private func blank(_ id: RecordID, _ type: RecordType, saw revision: UInt64) -> Change {
        var change = Change(
            record: id,
            type: type.number,
            base: revision == 0
                ? .none : Base(epoch: epoch, revision: Revision(rawValue: revision)),
            observedAt: world.clock.now
        )
        change.grant = grant
        return change
    }

    // MARK: - Sending

    /// Numbers changes without sending them.
    mutating func number(_ changes: [[UInt8]]) { payloads += changes }

    /// A request that brings the changes with these numbers.
    func request(_ numbers: ClosedRange<Int>) -> SyncRequest {
        var request = reading()
        request.firstSequence = SequenceNumber(rawValue: UInt64(numbers.lowerBound))
        request.payloads = Array(payloads[numbers.lowerBound - 1..<numbers.upperBound])
        request.chain = head(after: numbers.upperBound)
        return request
    }

    /// The head of the chain after a number of changes.
    func head(after count: Int) -> [UInt8] {
        payloads.prefix(count).map { Chain.hash(of: $0) }
            .reduce(Chain.start) { Chain.head(after: $0, hash: $1) }
    }

    /// Numbers changes and sends them as one batch.
    @discardableResult
    mutating func send(_ changes: Change...) async throws -> [Outcome] {
        let first = payloads.count + 1
        number(changes.map(\.payload))
        return try await resend(first...payloads.count).outcomes
    }

    /// Sends the changes with these numbers, again or for the first time.
    @discardableResult
    func resend(_ numbers: ClosedRange<Int>) async throws -> SyncResponse {
        try await world.service.sync(request(numbers), from: id)
    }

    // MARK: - Reading

    /// A request that brings nothing and asks for news.
    func reading(budget: Int = 0) -> SyncRequest {
        var request = SyncRequest()
        request.epoch = epoch
        request.grant = grant
        request.budget = budget
        request.bookmarks = bookmarks.values.sorted { $0.area < $1.area }
        return request
    }

    /// The answer to a request that asks for news.
    func ask() async throws -> SyncResponse {
        try await world.service.sync(reading(), from: id)
    }

    /// Reads one answer's pages; whether there is more.
    mutating func readOnce(budget: Int = 0) async throws -> (pages: [AreaPage], hasMore: Bool) {
        let answer = try await world.service.sync(reading(budget: budget), from: id)
        for page in answer.pages { apply(page) }
        return (answer.pages, answer.hasMore)
    }

    /// Reads until there is no more.
    @discardableResult
    mutating func read(budget: Int = 0) async throws -> [AreaPage] {
        var pages: [AreaPage] = []
        for _ in 0..<10_000 {
            let answer = try await readOnce(budget: budget)
            pages += answer.pages
            if !answer.hasMore { return pages }
        }
        throw SyncError("endless", "The feed has no end", hint: "Look at the bookmarks.")
    }

    /// The records that it holds, tombstones apart.
    var heldRecords: Set<RecordID> { Set(held.values.filter { !$0.isDeleted }.map(\.id)) }

    private mutating func apply(_ page: AreaPage) {
        bookmarks[page.area] = Bookmark(
            area: page.area,
            position: page.position,
            floor: page.floor
        )
        for record in page.records {
            held[record.id] = record
            places[record.id, default: []].insert(page.area)
        }
        for id in page.departures {
            places[id]?.remove(page.area)
            if places[id]?.isEmpty ?? true { held[id] = nil }
        }
    }
}
