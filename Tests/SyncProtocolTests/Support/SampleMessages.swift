import SyncProtocol

/// Messages that say something of everything that they can say; always the same.
extension Sample {
    static let seenBase = Base(epoch: epoch, revision: Revision(rawValue: 4))

    /// A person captured for the first time.
    static var creation: Change {
        var change = Change(record: record(1), type: 1, base: Base.none, observedAt: noon)
        change.fields = person {
            $0.name = "王芳"
            $0.sex = .female
            $0.documentType = .residentID
            $0.documentNumber = "11010519491231002X"
            $0.phones = ["13800000001", "13800000002"]
            $0.capturedIn = ["330206001001"]
        }
        change.uncertainty = 40
        change.grant = 2
        return change
    }

    /// An edit that sets, adds, removes and clears, with bases of its own for two fields.
    static var edit: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 1)
        change.fieldBases = [
            14: Base(epoch: epoch, revision: Revision(rawValue: 2)),
            17: Base(epoch: Epoch(rawValue: 9), revision: Revision(rawValue: 90)),
        ]
        change.fields = person {
            $0.ethnicity = .han
            $0.phones = ["13800000003"]
            $0.remark = "已搬走"
        }
        change.removed = person { $0.phones = ["13800000001"] }
        change.clears = [7]
        change.grant = 2
        return change
    }

    /// A deletion with its reason.
    static var deletion: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 2)
        change.deletion = Change.Deletion(reason: 2, text: "重复录入")
        return change
    }

    /// A deletion taken back.
    static var undeletion: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 3)
        change.undelete = true
        return change
    }

    /// A change of a type that nobody here knows.
    static var change977: Change {
        var change = Change(record: record(9), type: 977, base: seenBase, observedAt: noon + 4)
        change.fields = employment { $0.employer = "北仑船厂" }
        return change
    }

    /// A conflict settled with a third value, in the place of a resolution that was returned.
    static var resolution: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 5)
        change.fields = person { $0.name = "王方芳" }
        change.resolution = Change.Resolution(conflict: 5, choice: .other, reason: "已看证件")
        change.mends = [SequenceNumber(rawValue: 3), SequenceNumber(rawValue: 300)]
        return change
    }

    /// A record found to be another one, by the server's own device for somebody.
    static var redirect: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 6)
        change.redirect = record(2)
        change.principal = Change.Principal(device: chen.device, name: chen.name)
        return change
    }

    /// A redirect taken back.
    static var split: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 7)
        change.split = true
        return change
    }

    /// A record redacted by law, at the server itself.
    static var erasure: Change {
        var change = Change(record: record(1), type: 1, base: seenBase, observedAt: noon + 8)
        change.erasure = "依申请 2026-17"
        change.principal = Change.Principal(device: nil, name: "运维")
        return change
    }

    /// A conflict about a name, as it travels.
    static var conflict: [UInt8] {
        var story = Story.begun(Person.recordType, with: person { $0.name = "王芳" })
        let base = story.seen
        story.arrives(
            story.change(person { $0.name = "王方" }, saw: base, at: noon + 1),
            from: chen
        )
        story.arrives(
            story.change(person { $0.name = "王房" }, saw: base, at: noon + 2),
            from: hu
        )
        let met = Base(epoch: Epoch(rawValue: 1), revision: Revision(rawValue: 2))
        return story.conflicts.flatMap { conflict in
            var entry = ConflictEntry(conflict, of: record(1), type: 1, at: met, metAt: noon + 3)
            entry.id = 5
            entry.standingAuthor = chen.name
            entry.proposedAuthor = hu.name
            return entry.encoded
        }
    }

    /// A page with a record in conflict, a tombstone and two departures.
    static var page: AreaPage {
        var page = AreaPage(
            area: area("330206001001"),
            position: Position(rawValue: 41),
            floor: Position(rawValue: 3)
        )
        var contested = RecordCopy(
            id: record(1),
            type: 1,
            revision: Revision(rawValue: 2),
            message: creation.fields.bytes,
            isDeleted: false,
            clock: noon + 2
        )
        contested.conflicts = [conflict]
        let tombstone = RecordCopy(
            id: record(2),
            type: 3,
            revision: Revision(rawValue: 6),
            message: [],
            isDeleted: true,
            clock: noon
        )
        var redirected = RecordCopy(
            id: record(5),
            type: 1,
            revision: Revision(rawValue: 3),
            message: [],
            isDeleted: true,
            clock: noon
        )
        redirected.redirect = record(1)
        var erased = redirected
        erased.id = record(6)
        erased.redirect = nil
        erased.isErased = true
        page.records = [contested, tombstone, redirected, erased]
        page.departures = [record(3), record(4)]
        return page
    }

    /// A batch of one change, by a device that puts the receipt together itself.
    static var bareRequest: SyncRequest {
        var request = SyncRequest()
        request.epoch = epoch
        request.firstSequence = SequenceNumber(rawValue: 7)
        request.payloads = [creation.payload]
        request.takesBareSignature = true
        return request
    }

    /// The answer to it.
    static var bareResponse: SyncResponse {
        var response = SyncResponse()
        response.epoch = epoch
        response.serverTime = noon
        response.highWater = SequenceNumber(rawValue: 7)
        response.outcomes = [Outcome(sequence: response.highWater, kind: .applied)]
        response.chain = [UInt8](repeating: 5, count: 32)
        response.receiptSignature = [UInt8](repeating: 9, count: 64)
        return response
    }

    /// An answer with an outcome of each kind, news, and a new grant.
    static var response: SyncResponse {
        var response = SyncResponse()
        response.epoch = epoch
        response.serverTime = noon + 9
        response.highWater = SequenceNumber(rawValue: 11)
        response.outcomes = Outcome.Kind.allCases.map {
            Outcome(
                sequence: SequenceNumber(rawValue: 6 + UInt64($0.rawValue)),
                kind: $0,
                revision: Revision(rawValue: 3)
            )
        }
        response.outcomes[4].revision = .none
        response.outcomes[4].code = "name_missing"
        response.outcomes[4].field = 1
        response.outcomes[4].message = "缺少姓名，请补填。"
        response.pages = [
            page, AreaPage(area: area("330206"), position: .start, floor: .start),
        ]
        response.hasMore = true
        response.grant = Grant(number: 3, areas: [area("330206001001"), area("330206")])
        response.backedUp = SequenceNumber(rawValue: 6)
        response.chain = [UInt8](repeating: 0xAB, count: 32)
        response.receipt = receipt
        response.settlements = [
            Settlement(
                number: 4,
                sequence: SequenceNumber(rawValue: 3),
                kind: .discarded,
                by: "周审核",
                reason: "重复采集",
                settledAt: noon + 8
            )
        ]
        return response
    }

    /// The server's word for eleven changes.
    static var receipt: SyncReceipt {
        var receipt = SyncReceipt(
            device: chen.device,
            sequence: SequenceNumber(rawValue: 11),
            chain: [UInt8](repeating: 0xAB, count: 32),
            epoch: epoch,
            time: noon + 9
        )
        receipt.signature = [UInt8](repeating: 0xCD, count: 64)
        return receipt
    }

    /// A batch, with how far two areas have been read.
    static var request: SyncRequest {
        var request = SyncRequest()
        request.epoch = epoch
        request.firstSequence = SequenceNumber(rawValue: 7)
        request.payloads = [creation, edit, deletion, undeletion, change977].map(\.payload)
        request.chain = [UInt8](repeating: 0xAB, count: 32)
        request.bookmarks = [
            Bookmark(
                area: area("330206001001"),
                position: Position(rawValue: 12),
                floor: Position(rawValue: 3)
            ),
            Bookmark(area: area("330206"), position: .start),
        ]
        request.budget = 65_536
        request.grant = 2
        request.software = "residence/1.0"
        request.deviceTime = noon
        return request
    }
}
