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
        let context = ConflictContext(
            id: 5,
            record: record(1),
            type: 1,
            revision: Revision(rawValue: 2),
            metAt: noon + 3,
            authors: [chen.device: chen.name, hu.device: hu.name]
        )
        return story.conflicts.flatMap { $0.encoded(in: context) }
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
        page.records = [contested, tombstone]
        page.departures = [record(3), record(4)]
        return page
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
        return response
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
