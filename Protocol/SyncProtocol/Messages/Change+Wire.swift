extension Change {
    /// The change's bytes as they travel and as the chain covers them.
    public var payload: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: 1, bytes: record.bytes)
        bytes.append(varint: base.revision.rawValue, as: 2)
        bytes.append(varint: base.epoch.rawValue, as: 3)
        for (field, base) in fieldBases.sorted(by: { $0.key < $1.key }) {
            bytes.append(field: 4, bytes: Self.encoded(field, base))
        }
        if !fields.isEmpty { bytes.append(field: 5, bytes: body(fields)) }
        if !removed.isEmpty { bytes.append(field: 6, bytes: body(removed)) }
        if !clears.isEmpty {
            var packed: [UInt8] = []
            for number in clears { packed.append(varint: UInt64(number)) }
            bytes.append(field: 7, bytes: packed)
        }
        bytes.append(varint: UInt64(bitPattern: observedAt), as: 8)
        bytes.append(varint: UInt64(uncertainty), as: 9)
        bytes.append(varint: grant, as: 10)
        bytes.append(varint: UInt64(schema), as: 11)
        if let deletion {
            var inner: [UInt8] = []
            inner.append(varint: UInt64(deletion.reason), as: 1)
            if !deletion.text.isEmpty { inner.append(field: 2, bytes: Array(deletion.text.utf8)) }
            bytes.append(field: 12, bytes: inner)
        }
        bytes.append(varint: undelete ? 1 : 0, as: 13)
        if fields.isEmpty, removed.isEmpty { bytes.append(varint: UInt64(type), as: 14) }
        return bytes + encodedActs
    }

    private func body(_ fields: FieldMap) -> [UInt8] {
        var body: [UInt8] = []
        body.append(field: type, bytes: fields.bytes)
        return body
    }

    private static func encoded(_ field: UInt32, _ base: Base) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(varint: UInt64(field), as: 1)
        bytes.append(varint: base.revision.rawValue, as: 2)
        bytes.append(varint: base.epoch.rawValue, as: 3)
        return bytes
    }

    /// Reads a change from its bytes.
    ///
    /// `epoch` is the request's: that of bases which name none. The fields are as they came, not yet
    /// canonical. Throws where the bytes are no `Change`, or name no record or no type.
    public init(payload: [UInt8], epoch: Epoch) throws(WireError) {
        let map = try FieldMap(payload)
        guard let id = map.value(of: 1).flatMap(RecordID.init(bytes:)) else { throw .field(1) }
        let bodies = try (map.body(5), map.body(6))
        let type =
            bodies.0?.type ?? bodies.1?.type ?? UInt32(truncatingIfNeeded: map.number(of: 14))
        guard type != 0, bodies.1 == nil || bodies.1?.type == type else { throw .field(5) }
        let own = Epoch(rawValue: map.number(of: 3))
        let implied = own == .none ? epoch : own
        self.init(
            record: id,
            type: type,
            base: Base(revision: Revision(rawValue: map.number(of: 2)), epoch: implied),
            observedAt: bounded(time: Int64(bitPattern: map.number(of: 8)))
        )
        fields = bodies.0?.fields ?? FieldMap()
        removed = bodies.1?.fields ?? FieldMap()
        fieldBases = try map.fieldBases(epoch: implied)
        clears = try map.unpackedNumbers(7)
        uncertainty = UInt32(truncatingIfNeeded: map.number(of: 9))
        grant = map.number(of: 10)
        schema = UInt32(truncatingIfNeeded: map.number(of: 11))
        undelete = map.number(of: 13) != 0
        if let inner = map.value(of: 12) {
            let deletion = try FieldMap(Array(inner))
            self.deletion = Deletion(
                reason: UInt32(truncatingIfNeeded: deletion.number(of: 1)),
                text: deletion.text(of: 2) ?? ""
            )
        }
        try readActs(from: map)
    }

    /// The record that a payload names, though the rest of it may not parse.
    public static func record(of payload: [UInt8]) -> RecordID? {
        (try? FieldMap(payload))?.value(of: 1).flatMap(RecordID.init(bytes:))
    }

    /// The same change with its fields in canonical form.
    public func canonical(as type: RecordType) throws(WireError) -> Change {
        var change = self
        change.fields = try fields.canonical(as: type)
        change.removed = try removed.canonical(as: type)
        change.clears = clears.filter { change.fields[$0] == nil }
        // A field that was sent empty is a field that was cleared.
        let emptied = fields.numbers.filter {
            change.fields[$0] == nil && !change.clears.contains($0)
        }
        change.clears = (change.clears + emptied).sorted()
        for number in change.clears where type.field(number)?.isSet == true { throw .field(number) }
        return change
    }
}

extension Base {
    /// A base of revision 0 has no epoch: nothing was seen.
    fileprivate init(revision: Revision, epoch: Epoch) {
        self.init(epoch: revision == .none ? .none : epoch, revision: revision)
    }
}

extension FieldMap {
    /// The one record in a `RecordBody`: its type's number and its fields.
    func body(_ number: UInt32) throws(WireError) -> (type: UInt32, fields: FieldMap)? {
        guard let value = value(of: number) else { return nil }
        return try Self.body(Array(value))
    }

    static func body(_ bytes: [UInt8]) throws(WireError) -> (type: UInt32, fields: FieldMap) {
        var scanner = WireScanner(bytes)
        guard let only = try scanner.next(), only.wire == .bytes, scanner.isAtEnd else {
            throw .malformed
        }
        return (only.number, try FieldMap(Array(bytes[only.value])))
    }

    fileprivate func fieldBases(epoch: Epoch) throws(WireError) -> [UInt32: Base] {
        var bases: [UInt32: Base] = [:]
        for element in elements(of: 4) {
            var scanner = WireScanner(Array(element))
            guard let field = try scanner.next() else { continue }
            let inner = try FieldMap(Array(Array(element)[field.value]))
            let own = Epoch(rawValue: inner.number(of: 3))
            bases[UInt32(truncatingIfNeeded: inner.number(of: 1))] = Base(
                revision: Revision(rawValue: inner.number(of: 2)),
                epoch: own == .none ? epoch : own
            )
        }
        return bases
    }

    /// The numbers of a repeated varint field, packed or not.
    func unpackedNumbers<Number: FixedWidthInteger>(
        _ number: UInt32
    ) throws(WireError) -> [Number] {
        var numbers: Set<Number> = []
        for element in elements(of: number) {
            let bytes = Array(element)
            var outer = WireScanner(bytes)
            guard let field = try outer.next() else { continue }
            var inner = WireScanner(bytes, field.value)
            while !inner.isAtEnd { numbers.insert(Number(truncatingIfNeeded: try inner.varint())) }
        }
        return numbers.sorted()
    }
}

extension Array where Element == UInt8 {
    /// Appends a varint field, unless it is 0.
    package mutating func append(varint value: UInt64, as number: UInt32) {
        guard value != 0 else { return }
        append(key: number, .varint)
        append(varint: value)
    }
}
