internal import SyncProtocol
internal import SyncTrust

// What a sync does beside giving and taking: repairs, and being known again.

extension SyncEngine {
    /// How often a repair descends at most: an id has 32 digits.
    private static let deepest = 40

    // > [G-03] A repair descends from areas by the last digits of the ids to branches that hold few records.

    /// Puts right what is not what the server has.
    func repair(_ report: inout SyncReport) async -> SyncSession.Event {
        do {
            var done = DeviceProfile.Repair(time: 0, records: 0, bytes: 0, roundTrips: 0)
            var asked = try await areas()
            while !asked.isEmpty, done.roundTrips < Self.deepest {
                guard let answer = try await ask(asked, &done) else { break }
                let mended = try await take(answer, insteadOf: asked.prefix(answer.answered))
                done.records += mended.records
                asked = mended.differing + asked.dropFirst(max(1, answer.answered))
            }
            done.records += try await dropStrays()
            let (now, repair) = (environment.now(), done)
            try await update { profile in
                profile.lastRepair = repair
                profile.lastRepair?.time = now &+ profile.clockOffset
            }
            report.repair = done
            return .repaired
        } catch {
            return failed(error)
        }
    }

    /// The device's areas, as far as it may hold them: where it has anything, and where it has read.
    private func areas() async throws -> [Branch] {
        try await store.read { transaction in
            guard let profile = try transaction.profile() else { throw SyncError.notEnrolled }
            let sums = try transaction.digests()
            let read = try transaction.bookmarks().map(\.area)
            return Set(read + sums.keys).filter { profile.grant.areas.cover($0) }.sorted()
                .map { Branch(area: $0, digest: sums[$0] ?? .empty) }
        }
    }

    private func ask(
        _ branches: [Branch],
        _ done: inout DeviceProfile.Repair
    ) async throws -> RepairResponse? {
        guard let profile = try await store.read({ try $0.profile() }) else {
            throw SyncError.notEnrolled
        }
        let (answer, bytes) = try await transport.repair(
            RepairRequest(epoch: profile.epoch, branches: Array(branches.prefix(limits.bookmarks))),
            to: profile.address,
            token: try await token(for: profile)
        )
        done.roundTrips += 1
        done.bytes += bytes.sent + bytes.received
        // A restore in between is for the next sync.
        return answer.epoch == profile.epoch ? answer : nil
    }

    /// What an answer put right, and which parts still differ.
    private func take(
        _ answer: RepairResponse,
        insteadOf asked: ArraySlice<Branch>
    ) async throws -> (records: Int, differing: [Branch]) {
        let (rules, schema, now) = (rules, schema, environment.now())
        let (touched, differing) = try await store.write {
            transaction -> (Set<RecordID>, [Branch]) in
            guard let profile = try transaction.profile() else { throw SyncError.notEnrolled }
            let desk = Desk(
                transaction: transaction,
                profile: profile,
                rules: rules,
                now: now &+ profile.clockOffset,
                schema: schema
            )
            var response = SyncResponse()
            response.epoch = answer.epoch
            var intake = Intake(transaction: transaction, desk: desk, response: response)
            intake.isRepair = true
            var touched: Set<RecordID> = []
            // Only what was asked for, and may be held here, is put right.
            for leaf in answer.leaves where asked.contains(where: { $0.isOf(leaf) }) {
                touched.formUnion(try intake.take(leaf))
            }
            let differing = try answer.branches.filter { branch in
                guard branch.digits.utf8.count <= 32,
                    asked.contains(where: { $0.isParent(of: branch) })
                else { return false }
                let mine = try transaction.sum(in: branch.area, endingWith: branch.digits)
                return mine != branch.digest
            }
            return (
                touched,
                try differing.map { branch in
                    Branch(
                        area: branch.area,
                        digits: branch.digits,
                        digest: try transaction.sum(in: branch.area, endingWith: branch.digits)
                    )
                }
            )
        }
        didTouch(touched)
        return (touched.count, differing)
    }

    /// Drops what stands nowhere and nobody needs; the server is offered it first.
    private func dropStrays() async throws -> Int {
        let (rules, schema, now) = (rules, schema, environment.now())
        let dropped = try await store.write { transaction -> [RecordID] in
            guard let profile = try transaction.profile() else { throw SyncError.notEnrolled }
            let desk = Desk(
                transaction: transaction,
                profile: profile,
                rules: rules,
                now: now &+ profile.clockOffset,
                schema: schema
            )
            var response = SyncResponse()
            response.epoch = profile.epoch
            let intake = Intake(transaction: transaction, desk: desk, response: response)
            let strays = try transaction.strays()
            for id in strays { try intake.drop(id) }
            return strays
        }
        didTouch(Set(dropped))
        return dropped.count
    }

    // > [X-07] A device that the server does not know shows the server's own certificate.

    /// Asks to be known again by a server that was restored from before this device was enrolled.
    func readmit() async -> SyncSession.Event {
        do {
            guard let profile = try await store.read({ try $0.profile() }),
                let key = SigningKey(seed: profile.keySeed)
            else { throw SyncError.notEnrolled }
            var request = EnrolmentRequest(
                code: "",
                publicKey: key.publicKey.bytes,
                software: ClientEnvironment.software,
                readmission: EnrolmentRequest.Readmission(
                    certificate: profile.certificate,
                    name: profile.name,
                    grant: profile.grant
                )
            )
            request.predecessors = profile.predecessors ?? []
            _ = try await transport.enrol(request, at: profile.address)
            return .readmitted
        } catch let failure as TransportFailure where failure.error.code == "device_known" {
            return .readmitted
        } catch {
            return failed(error)
        }
    }
}

extension Intake {
    /// Puts a leaf in the place of what stood there; returns the records that were not as they are.
    fileprivate func take(_ leaf: Leaf) throws -> Set<RecordID> {
        var touched: Set<RecordID> = []
        let mine = try transaction.marks(in: leaf.area, endingWith: leaf.digits)
        let isBelow = leaf.records.filter { $0.id.ends(with: leaf.digits) && !$0.isDeleted }
        for copy in isBelow where mine[copy.id] != .some(RecordMark.of(copy)) {
            _ = try take(copy, in: leaf.area)
            touched.insert(copy.id)
        }
        let theirs = Set(isBelow.map(\.id))
        for (id, mark) in mine where !theirs.contains(id) {
            // A tombstone counts for nothing, unless a damaged row stands in its place.
            let isTombstone = try mark == nil && transaction.record(id)?.acknowledged != nil
            guard !isTombstone else { continue }
            try offerBeforeLeaving(id)
            try leave(id, leaf.area)
            touched.insert(id)
        }
        return touched
    }

    /// Drops a record that stands nowhere.
    fileprivate func drop(_ id: RecordID) throws {
        try offerBeforeLeaving(id)
        try lay(id)
    }

    /// A copy that the server does not know is offered to it before it is removed; where it does know it,
    /// nothing comes of that.
    private func offerBeforeLeaving(_ id: RecordID) throws {
        guard let record = try transaction.record(id), record.pending == 0,
            let copy = record.acknowledged, !copy.isDeleted, copy.redirect == nil
        else { return }
        _ = try offer(Salvage(id: id, type: record.type, copy: copy), unlessGiven: false)
    }
}

extension LocalReader {
    /// What stands in a branch.
    fileprivate func sum(in area: AreaCode, endingWith digits: String) throws -> AreaDigest {
        try marks(in: area, endingWith: digits).values.compactMap(\.self)
            .reduce(.empty) { $0 + AreaDigest(mark: $1) }
    }
}

extension Branch {
    fileprivate func isOf(_ leaf: Leaf) -> Bool { area == leaf.area && digits == leaf.digits }

    fileprivate func isParent(of branch: Branch) -> Bool {
        area == branch.area && branch.digits.utf8.count == digits.utf8.count + 1
            && branch.digits.hasSuffix(digits)
    }
}
