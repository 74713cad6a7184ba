internal import SyncProtocol

/// Decides what becomes of each change of a batch, looking at the records as they are by then.
///
/// One for each batch, shared by all who ask it.
final class Judge {
    let actor: Actor
    let records: WorkingSet
    let transaction: any StoreTransaction
    let rules: any RecordRules
    let schema: Schema
    let limits: Limits
    let epoch: Epoch

    /// The server's own device, by which many people act.
    let server: DeviceID

    /// In which areas the author may act under a grant, as far as somebody has asked.
    private var granted: [UInt64: [AreaCode]?] = [:]

    init(
        actor: Actor,
        records: WorkingSet,
        transaction: any StoreTransaction,
        rules: any RecordRules,
        schema: Schema,
        limits: Limits,
        epoch: Epoch,
        server: DeviceID
    ) {
        (self.actor, self.records, self.transaction) = (actor, records, transaction)
        (self.rules, self.schema, self.limits) = (rules, schema, limits)
        (self.epoch, self.server) = (epoch, server)
    }

    /// What is to be done with a change.
    ///
    /// > [V-01] A change that breaks a rule is quarantined, whole, with a code and the field; the
    /// > rest of its batch is dealt with.
    func verdict(on change: Change, _ known: Examined? = nil) throws -> Verdict {
        // > [V-04] A change for a type that nobody here knows is quarantined with its bytes.
        guard let type = schema.type(change.type) else { return .quarantine(.typeUnknown) }
        guard change.touched.count <= limits.fieldsPerChange else { return .quarantine(.tooLarge) }
        let examined: Examined
        do throws(WireError) {
            if let known { examined = known } else { examined = try Examined(change, type, rules) }
        } catch {
            guard case .field(let number) = error else { return .quarantine(.malformed) }
            return .quarantine(.malformed(field: number))
        }
        do {
            return .accept(try effects(of: examined, type))
        } catch let refusal as Refusal {
            return .quarantine(refusal)
        }
    }

    private func effects(of examined: Examined, _ type: RecordType) throws -> [Effect] {
        if let refusal = outsideScope(examined.change, type) { throw refusal }
        let standing = try records.record(examined.change.record)
        let change = try onCommonGround(examined.change, standing)
        try checkPresence(of: standing, for: change, examined, type)
        try checkShape(of: change, over: standing)
        if change.isRecovered { return try recovered(change, standing, type) }
        let settled = try settled(change, standing, type)
        let (followed, followers) = try following(settled, type)
        try checkReferences(of: followed, type)
        try checkOwnFields(of: followed, over: standing, type, examined)
        // What is only taken back touches nothing, wherever it stands.
        if !change.isWithdrawal { try checkAreas(of: standing, for: followed, type) }
        if let standing, let apart = try toldApart(settled, standing, type) { return apart }
        if let standing, change.redirect != nil || change.split {
            guard actor.may(.reidentify, under: change.grant) else { throw Refusal.forbidden }
            return try change.split
                ? parted(standing, by: change, type) : pointed(standing, by: change, type)
        }
        var effects = try written(followed, to: standing, type, via: nil)
        effects[0].followers = followers
        return effects + (try revived(by: effects[0], over: standing, type))
    }

    /// What a change does to its record, and to those that it points to.
    func written(
        _ change: Change,
        to standing: StoredRecord?,
        _ type: RecordType,
        via: RecordID?
    ) throws -> [Effect] {
        // What came in from another record is nothing that was made on this one.
        let made = change
        let change = via == nil ? try knowing(change, standing, type) : change
        let isReferredTo =
            try change.deletion != nil && records.isReferredTo(change.record)
        var merged = merge(
            change,
            by: actor.author,
            into: standing?.state,
            of: type,
            epoch: epoch,
            isReferredTo: isReferredTo
        )
        guard merged.record.fields.bytes.count <= limits.recordBytes else { throw Refusal.tooLarge }
        if merged.record.isDeleted, change.deletion == nil, !change.isWithdrawal,
            change.former == nil
        {
            // What is passed on to a record that was deleted knowing of it says nothing there.
            guard via == nil else { return [] }
            throw Refusal.deleted
        }
        if let standing { try checkRules(of: &merged, over: standing.state, change, type) }
        var effect = Effect(change: change, merged: merged, own: standing?.own, via: via)
        if let standing, via == nil,
            let own = own(of: standing, after: made, as: merged.record, type)
        {
            effect.own = own.record
            effect.merged.add(own.conflicts)
            // What was written there alone was written, too: whoever reads the record has seen it.
            if own.record.revision > merged.record.revision {
                effect.merged.record = merged.record.counted(at: own.record.revision)
            }
        }
        guard let standing else { return [effect] }
        return [effect] + (try passedOn(change, from: standing, type, origin: via))
    }

    // > [A-14] A change that touches anything else, or the whole of a record of which it sees a part, is quarantined
    // > as `outside_scope` with the field.
    private func outsideScope(_ change: Change, _ type: RecordType) -> Refusal? {
        guard let scope = actor.scope(under: change.grant), !scope.covers(change, of: type) else {
            return nil
        }
        let field = change.touched.first { !scope.covers($0, of: type) }
        return .outsideScope(type, scope.covers(type) ? field : nil)
    }

    private func checkPresence(
        of standing: StoredRecord?,
        for change: Change,
        _ examined: Examined,
        _ type: RecordType
    ) throws {
        if let standing {
            guard standing.state.type == change.type else { throw Refusal.malformed(field: 0) }
            // > [E-02] A later edit of an erased record is refused and not kept; a creation begins anew.
            if standing.state.isErased, !change.isCreation { throw Refusal.erased }
            return
        }
        // > [V-02] A change that depends on a quarantined creation waits with it, and leaves with it.
        let isWhole = examined.violations(of: change.fields, as: type, by: rules).isEmpty
        if try !isWhole && !transaction.quarantinedCreations(among: [change.record]).isEmpty {
            throw Refusal.waits
        }
        guard !change.isCreation, !change.isRecovered else { return }
        // What made it may come back from another device, or with a copy.
        throw change.base.epoch < epoch ? Refusal.waits : Refusal.recordUnknown
    }

    /// Whether the change is one that its author could have made.
    private func checkShape(of change: Change, over standing: StoredRecord?) throws {
        guard !change.isContradictory else { throw Refusal.contradictory }
        // An erasure is an operator's act at the server, and only there does anybody act for another.
        guard change.erasure == nil, actor.isServer || change.principal == nil else {
            throw Refusal.forbidden
        }
        // > [M-15] A deletion names its reason: captured by mistake, duplicate, on request of the person,
        // > or another in words.
        if let deletion = change.deletion, !deletion.isGiven { throw Refusal.reasonMissing }
        // What a copy is built on is looked at by itself.
        guard !change.isRecovered else { return }
        let known = Base(epoch: epoch, revision: standing?.state.revision ?? .none)
        let bases = [change.base] + change.fieldBases.values
        guard bases.allSatisfy({ $0 == .none || $0 <= known }) else { throw Refusal.baseUnknown }
    }

    func checkReferences(of change: Change, _ type: RecordType) throws {
        for field in type.placing where field.format == .reference {
            guard let target = change.fields.reference(field.number) else { continue }
            if let found = try records.record(target) {
                guard schema.type(found.state.type)?.name == field.refersTo,
                    !(found.state.isErased && found.state.isDeleted)
                else { throw Refusal.referenceUnknown(field: field.number) }
                continue
            }
            // > [V-02] A change that depends on a quarantined creation waits with it, and leaves with it.
            // After a restore, it may come back from another device.
            let mayComeBack = try transaction.epochs().count > 1
            if try mayComeBack || !transaction.quarantinedCreations(among: [target]).isEmpty {
                throw Refusal.waits
            }
            throw Refusal.referenceUnknown(field: field.number)
        }
    }

    /// What a change says has to be valid by itself; what a creation leaves out, too, and what of a group
    /// that travels whole.
    func checkOwnFields(
        of change: Change,
        over standing: StoredRecord?,
        _ type: RecordType,
        _ examined: Examined? = nil
    ) throws {
        let broken =
            examined?.violations(of: change.fields, as: type, by: rules)
            ?? rules.violations(of: change.fields, as: type)
        guard !broken.isEmpty else { return }
        let isWhole = change.schema >= type.version
        let units = isWhole ? change.touched.flatMap { type.unit(of: $0) } : []
        let said = Set(change.fields.numbers + change.clears + units)
        let own = broken.first { standing == nil || said.contains($0.field) }
        if let own { throw Refusal(own) }
    }

    // > [V-03] A change to a record outside the areas of the grant under which it was captured is
    // > quarantined.
    func checkAreas(
        of standing: StoredRecord?,
        for change: Change,
        _ type: RecordType
    ) throws {
        guard let granted = try areas(under: change.grant) else { return }
        if let standing, try isHeld(standing, under: granted) { return }
        // A capture of what is known elsewhere already is a concurrent creation: it names the area.
        guard change.isCreation, standing == nil || change.record.isDerived else {
            throw Refusal.outside
        }
        let named = type.placing.filter { $0.format == .area }
            .flatMap { change.fields.texts(of: $0.number) }.compactMap { AreaCode($0) }
        let followed = try type.placing.filter { $0.placing == .follows }
            .compactMap { try change.fields.reference($0.number).flatMap(records.record) }
        let isInside =
            try named.allSatisfy { try means($0, within: granted) }
            && followed.allSatisfy { try isHeld($0, under: granted) }
        guard isInside, !named.isEmpty || !followed.isEmpty else { throw Refusal.outside }
    }

    // > [P-07] What was captured under a grant that held the former area is accepted however late it
    // > arrives; so is a former code under a grant that holds its successor.

    /// The areas in which the author may act, and what became of them; `nil` for everywhere.
    func areas(under grant: UInt64) throws -> [AreaCode]? {
        if let known = granted[grant] { return known }
        var areas = actor.areas(under: grant)
        if let given = areas, !actor.isServer {
            areas = try records.areaMap().held(given, by: actor.names, under: grant)
        }
        granted[grant] = .some(areas)
        return areas
    }

    /// Whether what a code means today lies in areas: what it was does not count for a grant given since.
    private func means(_ code: AreaCode, within granted: [AreaCode]) throws -> Bool {
        try records.areaMap().successors(of: code).contains { granted.cover($0) }
    }

    /// Whether the device holds a record, held it before it left, or made it.
    func isHeld(_ record: StoredRecord, under granted: [AreaCode]) throws -> Bool {
        if record.placements.contains(where: { granted.cover($0.area) }) { return true }
        // What the server's own device wrote, somebody else had asked for.
        if !actor.author.isShared, record.state.wasWritten(by: actor.author.device) { return true }
        if record.state.isDeleted, record.placements.isEmpty {
            // Its tombstone has left the feeds: it would stand where it stood.
            let areas = try Standing(records: records, schema: schema).areas(of: record)
            return areas.contains { granted.cover($0) }
        }
        return try transaction.departures(of: record.state.id).contains { granted.cover($0) }
    }

    private func checkRules(
        of merged: inout Merged,
        over standing: RecordState,
        _ change: Change,
        _ type: RecordType
    ) throws {
        guard merged.record.fields != standing.fields else { return }
        let after = rules.violations(of: merged.record.fields, as: type)
        guard !after.isEmpty else { return }
        let before = Set(rules.violations(of: standing.fields, as: type).map(\.rule))
        let broken = after.filter { !before.contains($0.rule) }
        guard let first = broken.first else { return }
        guard standing.holdsOthersWork(than: actor.author, above: change.base) else {
            throw Refusal(first)
        }
        // > [M-14] A merge of two valid changes that breaks a rule is kept and opens a conflict.
        merged.noteInvalid(
            first,
            standing: standing,
            change,
            by: actor.author.device,
            of: type
        )
    }
}

extension Violation {
    fileprivate struct Rule: Hashable {
        let code: String
        let field: UInt32
    }

    fileprivate var rule: Rule { Rule(code: code, field: field) }
}
