internal import SyncClient
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust

/// What the oracle says that is not so.
public struct Verdict: Hashable, Codable, Sendable {
    /// The invariant that does not hold: `I1` to `I15`, or `G` of a digest.
    public var invariant: String
    /// What is wrong, in words.
    public var words: String
    /// The record concerned, if one is.
    public var record: String?
}

/// Knows everything that was ever captured, by what the devices' own disks said at the time, and judges.
///
/// It is told, never asks the product what it ought to be: its books are the changes' bytes as they stood in
/// each outbox when the capture returned, and where each was said to stand.
struct Oracle {
    /// A change as it was captured.
    struct Captured {
        let payload: [UInt8]
        let change: Change?
        /// Where the server said that it stood: in each epoch that accepted it.
        var places: [Base] = []
        /// In which epoch it was last seen answered.
        var answeredIn: Epoch?
        /// The handheld was lost, or put back, before anybody else had it.
        var isLost = false
    }

    /// The books of one handheld.
    struct Book {
        /// Under which keys the handheld goes, the first one first.
        var keys: [DeviceID]
        var entries: [SequenceNumber: Captured] = [:]
        var last = SequenceNumber.none
        /// The epoch of the last answers.
        var epoch = Epoch.none
        /// The highest revision in each epoch that it was shown of each record.
        var seen: [RecordID: Base] = [:]
    }

    /// By the handheld's name: a copy of a handheld has books of its own.
    private(set) var books: [String: Book] = [:]
    /// The books of handhelds as they were when they were put back to an image: who did not know it was another hand.
    private var former: [String: Book] = [:]
    var verdicts: [Verdict] = []
    /// How often the server was restored, or fell over.
    var restores = 0
    /// Up to which change a declared backup ever had each device: only that may be forgotten.
    var backedUp: [DeviceID: SequenceNumber] = [:]
    /// How often the same bytes were captured: whoever was put back may say the same again, at the same clock [T-01].
    private var said: [Saying: Int] = [:]
    /// What was ever erased by law.
    var erased: Set<RecordID> = []
    /// What handhelds held when the server lost its disk: it has to come back.
    var promised: [Promise] = []

    /// What operators gave to others, the first first; since a restore, what the server still knew of it.
    var handovers: [GivenWork] = []

    private struct Saying: Hashable {
        let family: DeviceID?
        let payload: [UInt8]
    }

    /// How often a handheld, or a copy of it, captured a change.
    func times(_ captured: Captured, by name: String) -> Int {
        said[Saying(family: books[name]?.keys.first, payload: captured.payload)] ?? 1
    }

    /// A copy that a handheld held.
    struct Promise {
        let holder: String
        let record: RecordID
        let fields: FieldMap
    }

    mutating func open(_ name: String, for keys: [DeviceID]) { books[name] = Book(keys: keys) }

    /// A handheld goes on under another key.
    mutating func rekey(_ name: String, as device: DeviceID) {
        if books[name]?.keys.contains(device) == false { books[name]?.keys.append(device) }
    }

    /// The keys of a handheld and of its copies: what two of them share is in the history once.
    func family(of name: String) -> [DeviceID] {
        books[name].map { family(of: $0).sorted() } ?? []
    }

    /// Whether a handheld was never copied, put back or given another key.
    func isAlone(_ name: String) -> Bool {
        let isPutBack = former.keys.contains { $0.hasPrefix("\(name)~") }
        let copies = books.values.count { $0.keys.first == books[name]?.keys.first }
        return copies == 1 && books[name]?.keys.count == 1 && !isPutBack
    }

    private func family(of book: Book) -> Set<DeviceID> {
        Set(books.values.filter { $0.keys.first == book.keys.first }.flatMap(\.keys))
    }

    /// Who captured a change, and what they wrote down of it: more than one where a handheld was copied afterwards.
    func captors(of change: StoredChange) -> [String: Captured] {
        var captors: [String: Captured] = [:]
        for (name, book) in books.merging(former, uniquingKeysWith: { book, _ in book }) {
            // What copies of a handheld share is in the history under the key of the one that came first.
            guard let entry = book.entries[change.sequence], entry.payload == change.payload,
                family(of: book).contains(change.device)
            else { continue }
            captors[name] = entry
        }
        return captors
    }

    /// A copy begins with what the original had.
    mutating func copy(_ name: String, as copy: String) { books[copy] = books[name] }

    mutating func accuse(_ invariant: String, _ words: String, about record: RecordID? = nil) {
        let verdict = Verdict(
            invariant: invariant,
            words: words,
            record: record?.description
        )
        // One flaw may show in every record: the others are to be heard, too.
        let isHeard = verdicts.count { $0.invariant == invariant } < 6
        if isHeard, verdicts.count < 20, !verdicts.contains(verdict) { verdicts.append(verdict) }
    }

    /// Writes down what a handheld's outbox has that the books have not, and what was answered.
    mutating func note(_ device: any Handheld) async throws {
        guard let known = books[device.name]?.last else { return }
        let fresh = try await device.store.read { transaction in
            var fresh: [OutboxEntry] = []
            let last = try transaction.lastChange()?.sequence ?? .none
            guard last > known else { return fresh }
            for number in (known.rawValue + 1)...last.rawValue {
                let found = try transaction.change(SequenceNumber(rawValue: number))
                if let found { fresh.append(found) }
            }
            return fresh
        }
        for entry in fresh {
            books[device.name]?.add(entry)
            said[
                Saying(family: books[device.name]?.keys.first, payload: entry.payload),
                default: 0
            ] += 1
        }
    }

    /// Writes down where the server said that changes stand.
    mutating func noteAnswers(of device: any Handheld) async throws {
        guard let (known, all, open) = books[device.name]?.places else { return }
        let (epoch, answered) = try await device.store.read { transaction in
            let epoch = try transaction.profile()?.epoch ?? .none
            let numbers = epoch == known ? open : all
            let answered = try numbers.compactMap { number -> (SequenceNumber, Base)? in
                guard let outcome = try transaction.change(number)?.outcome,
                    outcome.kind != .quarantined
                else { return nil }
                return (number, Base(epoch: epoch, revision: outcome.revision))
            }
            return (epoch, answered)
        }
        books[device.name]?.epoch = epoch
        for (number, place) in answered { books[device.name]?.entries[number]?.note(place) }
    }

    // > I8 no move, revocation or reset loses an unsent change.

    /// What was captured on a handheld is in its outbox, byte for byte, whatever happened to it.
    ///
    /// `gone` are the records of whose erasure by law it has heard.
    mutating func judgeOutbox(of device: any Handheld, gone: Set<RecordID> = []) async throws {
        // What a revoked device had not sent is under seal, and is looked for in the history.
        guard let book = books[device.name], try await !device.isErased() else { return }
        let numbers = book.entries.keys.sorted()
        let held = try await device.store.read { transaction in
            try numbers.map { try transaction.change($0) }
        }
        for (number, entry) in zip(numbers, held) {
            guard let captured = book.entries[number], !captured.isLost else { continue }
            // What was answered may be forgotten, or redacted; what was not has to be there whole.
            let isForgotten =
                entry?.outcome != nil
                && (entry?.payload.isEmpty == true || captured.isRedacted(as: entry?.payload))
            // > [E-02] A device that hears of an erasure redacts what it holds, answered changes included.
            let isTaken = entry?.outcome.map { $0.kind != .quarantined } ?? false
            if let change = captured.change, isTaken, gone.contains(change.record),
                restores == 0, entry?.payload == captured.payload,
                change.redacted.payload != captured.payload
            {
                accuse("E", "\(device.name) keeps what was erased by law", about: change.record)
            }
            if entry?.payload != captured.payload, !isForgotten {
                accuse(
                    "I8",
                    "\(device.name): change \(number.rawValue) is not in the outbox as captured",
                    about: captured.change?.record
                )
            }
        }
    }

    /// Up to which of a handheld's changes the server has them, and no other in their place.
    func last(of name: String, in stored: [StoredChange]) -> SequenceNumber {
        guard let book = books[name] else { return .none }
        let bySequence = Dictionary(grouping: stored, by: \.sequence)
        var last = SequenceNumber.none
        for (number, captured) in book.entries.sorted(by: { $0.key < $1.key }) {
            guard bySequence[number]?.contains(where: captured.isSame) == true else { break }
            last = number
        }
        return last
    }

    /// The handheld is gone: what only it had is lost, and nobody's fault.
    mutating func giveUp(_ device: any Handheld, above answered: SequenceNumber) {
        guard var book = books[device.name] else { return }
        for number in book.entries.keys where number > answered {
            book.entries[number]?.isLost = true
        }
        books[device.name] = book
    }

    /// The handheld was put back: what it had captured since is lost to it.
    mutating func forget(_ name: String, above last: SequenceNumber) {
        guard var book = books[name] else { return }
        former["\(name)~\(former.count)"] = book
        for number in book.entries.keys where number > last { book.entries[number] = nil }
        book.last = min(book.last, last)
        book.seen = [:]
        books[name] = book
    }

    /// Writes down what a handheld holds at the moment at which the server loses its disk.
    mutating func promise(_ device: any Handheld) async throws {
        let held = try await device.store.read { transaction in
            try transaction.records(before: Epoch(rawValue: .max >> 1)).compactMap { record in
                record.acknowledged.flatMap { known in
                    known.isDeleted || known.redirect != nil || record.areas.isEmpty
                        ? nil : (record.id, known.fields)
                }
            }
        }
        promised += held.map { Promise(holder: device.name, record: $0.0, fields: $0.1) }
    }

    // > I4 a device sees its own writes at once, never sees a revision go backwards within an epoch.

    /// A record as a handheld shows it is what somebody has just made it say.
    mutating func judgeOwnWrite(
        _ said: FieldMap,
        shown: FieldMap?,
        of id: RecordID,
        on device: any Handheld
    ) {
        let missing = said.numbers.filter { number in
            guard let shown else { return true }
            let own = Set(said.elements(of: number))
            return said[number] != shown[number] && !own.isSubset(of: shown.elements(of: number))
        }
        guard !missing.isEmpty else { return }
        accuse("I4", "\(device.name) does not see its own write of fields \(missing)", about: id)
    }

    mutating func judgeRevisions(of device: any Handheld) async throws {
        guard var book = books[device.name] else { return }
        let bases = try await device.store.read { transaction in
            try transaction.records(before: Epoch(rawValue: .max >> 1)).compactMap { record in
                record.acknowledged.map { (record.id, $0.base) }
            }
        }
        for (id, base) in bases {
            if let before = book.seen[id], base < before, !device.mayDiffer, restores == 0 {
                accuse("I4", "\(device.name) saw a revision go backwards", about: id)
            }
            book.seen[id] = max(book.seen[id] ?? base, base)
        }
        books[device.name] = book
    }
}

extension Oracle.Book {
    /// The epoch that was heard of last, all changes, and those that were not answered in it.
    ///
    /// What was answered in an epoch stays so: only what is open is looked at again.
    fileprivate var places: (epoch: Epoch, all: [SequenceNumber], open: [SequenceNumber]) {
        let open = entries.compactMap { $0.value.answeredIn == epoch ? nil : $0.key }
        return (epoch, Array(entries.keys), open)
    }

    fileprivate mutating func add(_ entry: OutboxEntry) {
        last = max(last, entry.sequence)
        // What was forgotten before it was looked at cannot be judged.
        guard !entry.payload.isEmpty else { return }
        let change = try? Change(payload: entry.payload, epoch: .none)
        entries[entry.sequence] = Oracle.Captured(payload: entry.payload, change: change)
    }
}

extension Oracle.Captured {
    fileprivate mutating func note(_ place: Base) {
        answeredIn = place.epoch
        // An answer of an earlier epoch stays what it was.
        if places.last?.revision != place.revision { places.append(place) }
    }

    /// Whether a change in the history is this one: by its bytes, or by their hash where the law redacted them.
    func isSame(as stored: StoredChange) -> Bool {
        stored.isRedacted ? stored.hash == Chain.hash(of: payload) : stored.payload == payload
    }

    /// Whether bytes are what an erasure by law leaves of the change.
    func isRedacted(as bytes: [UInt8]?) -> Bool { change?.redacted.payload == bytes }
}
