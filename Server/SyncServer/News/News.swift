public import SyncProtocol
internal import Synchronization

/// Who waits for news of a store: told of every commit, it wakes those whom it concerns.
///
/// A commit only says where to look. What a device is told comes from the store: the mark of what there is for it to
/// read, and nothing where that is what it knew. Looking is done by one task for all who wait; what is committed
/// meanwhile is looked at together [S-03]. Where nobody waits, a commit costs a lock.
public final class News: Sendable {
    /// One who waits.
    fileprivate struct Entry {
        let watch: NewsWatch
        var areas: [AreaCode]
        /// The ids under which the device has captured.
        var names: [DeviceID]
        /// What the device knows, or was told last; the mark of nothing where it did not say.
        var mark: NewsMark
        /// In which second of each half minute it is shown that it lives.
        let turn: Int
    }

    fileprivate struct State {
        var entries: [DeviceID: Entry] = [:]
        var devices: [AreaCode: Set<DeviceID>] = [:]
        /// Who watches, by the ids under which they have captured; copies of one device share some.
        var watchers: [DeviceID: Set<DeviceID>] = [:]
        /// Those in whose areas something moved.
        var moved: Set<DeviceID> = []
        /// Those of whom anything may have changed.
        var stale: Set<DeviceID> = []
        var isLooking = false
        /// Where to look, as long as somebody waits.
        var store: (any Store)?
    }

    /// What is asked of the store at a time: those who wait for the rest of a crowd do not keep others waiting.
    private static let crowd = 256
    /// Seconds between two beats of a stream.
    static let beatSeconds = 30
    private let state = Mutex(State())

    /// Nobody waits yet.
    public init() {}

    /// How many wait.
    public var count: Int { state.withLock { $0.entries.count } }

    // MARK: - Waiting

    /// Begins to watch for a device, and ends the watch that it had; `nil` where more than `limit` would wait.
    func watch(
        for device: StoredDevice,
        knowing mark: NewsMark?,
        limit: Int,
        in store: any Store,
        drop: @escaping @Sendable () -> Void
    ) -> NewsWatch? {
        let watch = NewsWatch(device.id, drop: drop)
        let turn = Int(device.id.bytes.last ?? 0) % Self.beatSeconds
        let nothing = NewsMark(epoch: .none, grant: 0, positions: 0, settlement: 0)
        let (isTaken, former, looks) = state.withLock { state -> (Bool, NewsWatch?, Bool) in
            let former = state.entries[device.id]
            guard former != nil || state.entries.count < limit else { return (false, nil, false) }
            state.store = store
            state.move(device.id, from: former?.areas ?? [], to: device.feeds)
            state.forget(former)
            state.entries[device.id] = Entry(
                watch: watch,
                areas: device.feeds,
                names: device.names,
                mark: mark ?? nothing,
                turn: turn
            )
            for name in device.names { state.watchers[name, default: []].insert(device.id) }
            state.stale.insert(device.id)
            return (true, former?.watch, state.mayLook())
        }
        former?.put(.replaced)
        if looks { look() }
        return isTaken ? watch : nil
    }

    /// Ends a watch.
    func end(_ watch: NewsWatch) {
        state.withLock { state in
            guard let entry = state.entries[watch.device], entry.watch === watch else { return }
            state.move(watch.device, from: entry.areas, to: [])
            state.forget(entry)
            state.entries[watch.device] = nil
            state.moved.remove(watch.device)
            state.stale.remove(watch.device)
            if state.entries.isEmpty { state.store = nil }
        }
    }

    /// Tells what was committed, once it is durable.
    public func tell(_ news: CommitNews) {
        guard !news.isEmpty else { return }
        let looks = state.withLock { state in
            guard !state.entries.isEmpty else { return false }
            for area in news.areas {
                for length in [2, 4, 6, 9, 12] where length <= area.rawValue.utf8.count {
                    guard let around = AreaCode(area.rawValue.prefix(length)),
                        let devices = state.devices[around]
                    else { continue }
                    state.moved.formUnion(devices)
                }
            }
            for device in news.devices {
                state.stale.formUnion(state.watchers[device] ?? [])
            }
            if news.isVague { state.stale.formUnion(state.entries.keys) }
            return state.mayLook()
        }
        if looks { look() }
    }

    /// Shows that streams live whose turn it is, and looks again where the store could not be asked.
    func beat(_ turn: Int) {
        let (watches, looks) = state.withLock { state in
            let due = state.entries.values.filter { $0.turn == turn % Self.beatSeconds }
            return (due.map(\.watch), state.mayLook())
        }
        for watch in watches { watch.put(.beat) }
        if looks { look() }
    }

    // MARK: - Looking

    /// What is asked of the store about one device.
    fileprivate struct Question: Sendable {
        var device: DeviceID
        var areas: [AreaCode]
        var mark: NewsMark
        /// Whether its grant and life are looked at, too.
        var isWhole: Bool
    }

    fileprivate struct Answer: Sendable {
        var areas: [AreaCode]
        /// `nil` where the device may not sync.
        var mark: NewsMark?
    }

    private func look() {
        Task {
            while let (store, questions) = state.withLock({ $0.questions(atMost: Self.crowd) }) {
                do {
                    let answers = try await store.read { try Self.answers(to: questions, in: $0) }
                    for (watch, word) in state.withLock({ $0.take(answers) }) { watch.put(word) }
                } catch {
                    // The database is away: the next beat looks again.
                    state.withLock { state in
                        let asked = questions.map(\.device)
                        state.stale.formUnion(asked.filter { state.entries[$0] != nil })
                        state.isLooking = false
                    }
                    return
                }
            }
        }
    }

    private static func answers(
        to questions: [Question],
        in transaction: any StoreReader
    ) throws -> [DeviceID: Answer] {
        var answers: [DeviceID: Answer] = [:]
        var sums: [[AreaCode]: UInt64] = [:]
        let epoch = try transaction.epoch()
        for question in questions {
            var (areas, mark) = (question.areas, question.mark)
            if question.isWhole {
                guard let device = try transaction.device(question.device), device.isInUse else {
                    answers[question.device] = Answer(areas: areas, mark: nil)
                    continue
                }
                areas = device.feeds
                mark.grant = device.grant.number
                // Those of another epoch are numbered anew.
                if mark.epoch != epoch { mark.settlement = 0 }
                let settled = try transaction.settlements(
                    countedFor: device,
                    after: mark.settlement
                )
                mark.settlement = settled.last?.number ?? mark.settlement
            }
            if sums[areas] == nil {
                sums[areas] = try transaction.heads(under: areas).reduce(0) {
                    $0 &+ $1.head.rawValue
                }
            }
            (mark.epoch, mark.positions) = (epoch, sums[areas] ?? 0)
            answers[question.device] = Answer(areas: areas, mark: mark)
        }
        return answers
    }
}

extension News.State {
    /// Puts a device where its areas are.
    fileprivate mutating func move(_ id: DeviceID, from: [AreaCode], to: [AreaCode]) {
        for area in from {
            devices[area]?.remove(id)
            if devices[area]?.isEmpty == true { devices[area] = nil }
        }
        for area in to { devices[area, default: []].insert(id) }
    }

    /// Takes out under which ids one who waits has captured.
    fileprivate mutating func forget(_ entry: News.Entry?) {
        guard let entry else { return }
        for name in entry.names {
            watchers[name]?.remove(entry.watch.device)
            if watchers[name]?.isEmpty == true { watchers[name] = nil }
        }
    }

    /// Whether somebody has to begin to look.
    fileprivate mutating func mayLook() -> Bool {
        guard !isLooking, !moved.isEmpty || !stale.isEmpty else { return false }
        isLooking = true
        return true
    }

    /// What is looked at next; `nil` where there is nothing left.
    fileprivate mutating func questions(
        atMost crowd: Int
    ) -> (any Store, [News.Question])? {
        let whole = Set(stale.prefix(crowd))
        let asked = whole.union(moved)
        stale.subtract(whole)
        moved = []
        let questions = asked.compactMap { id in
            entries[id].map { entry in
                News.Question(
                    device: id,
                    areas: entry.areas,
                    mark: entry.mark,
                    isWhole: whole.contains(id)
                )
            }
        }
        guard let store, !questions.isEmpty else {
            isLooking = false
            return nil
        }
        return (store, questions)
    }

    /// Takes in what the store says; who has to be told.
    fileprivate mutating func take(
        _ answers: [DeviceID: News.Answer]
    ) -> [(NewsWatch, NewsWatch.Word)] {
        answers.compactMap { id, answer in
            // Whoever is looked at wholly in a moment waits for that: the stream may be another one by now.
            guard var entry = entries[id], !stale.contains(id) else { return nil }
            guard let mark = answer.mark else { return (entry.watch, .outOfUse) }
            guard mark != entry.mark else { return nil }
            // What came to its new areas before it stood there is looked for once more.
            if answer.areas != entry.areas { stale.insert(id) }
            move(id, from: entry.areas, to: answer.areas)
            (entry.areas, entry.mark) = (answer.areas, mark)
            entries[id] = entry
            return (entry.watch, .news(mark))
        }
    }
}

extension SyncService {
    /// Watches for a device whose token was checked, and ends the watch that it had [S-04]; `nil` where as many wait
    /// as may.
    ///
    /// `mark` is what it knows; `drop` is called where it takes nothing any more. Whoever watches ends the watch.
    public func watch(
        for device: StoredDevice,
        knowing mark: NewsMark?,
        limit: Int = .max,
        drop: @escaping @Sendable () -> Void = {}
    ) -> NewsWatch? {
        store.news.watch(for: device, knowing: mark, limit: limit, in: store, drop: drop)
    }

    /// Ends a watch.
    public func end(_ watch: NewsWatch) { store.news.end(watch) }

    /// How many watch.
    public var watches: Int { store.news.count }

    /// Shows those that live whose turn it is; called once a second, with a number that goes up.
    public func beat(_ turn: Int) { store.news.beat(turn) }

    // > [S-08] What another process commits to the same store is news as well.

    /// Hears what other processes commit, until the task is cancelled.
    public func listen() async { await store.listen() }
}
