/// What a change took away: enough to see a record as it was before.
///
/// > [H-01] Every accepted change of a record is in its history: each field that it changed, before and
/// > after.
///
/// What a field said after is what it said before the next change to it, or what it says now.
public struct Undo: Hashable, Sendable {
    /// Whether the record was there at all.
    public var wasThere: Bool
    /// Whether it was deleted.
    public var wasDeleted: Bool
    /// Where it pointed.
    public var redirect: RecordID?
    /// The values of the changed fields, as far as they had any.
    public var values: FieldMap
    /// The changed fields, ascending.
    public var fields: [UInt32]

    /// What the store keeps in the place of an undo that was redacted by law: from there back nobody
    /// knows any more what the record said [E-01].
    public static let forgotten: [UInt8] = [0xFF]

    /// What leads from a record back to what it was before.
    public init(from before: RecordState?, to after: RecordState) {
        wasThere = before != nil
        wasDeleted = before?.isDeleted ?? false
        redirect = before?.redirect
        guard let old = before?.fields else {
            fields = after.fields.numbers
            values = FieldMap()
            return
        }
        fields = Set(old.numbers + after.fields.numbers).filter { old[$0] != after.fields[$0] }
            .sorted()
        values = old.keeping(fields)
    }

    /// The record as it was.
    public func applied(to fields: FieldMap) -> FieldMap {
        fields.replacing(self.fields.map { ($0, values[$0] ?? []) })
    }

    /// The bytes that the store keeps: flags, redirect, fields' numbers, values.
    ///
    /// A creation needs its flags alone: before it there was nothing.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = [
            (wasThere ? 1 : 0) | (wasDeleted ? 2 : 0) | (redirect == nil ? 0 : 4)
        ]
        guard wasThere else { return bytes }
        if let redirect { bytes += redirect.bytes }
        bytes.append(varint: UInt64(fields.count))
        for number in fields { bytes.append(varint: UInt64(number)) }
        return bytes + values.bytes
    }

    /// What `encoded` gave.
    ///
    /// `after` are the record's fields after a creation, all of which it made.
    public init(encoded bytes: [UInt8], after: FieldMap) throws(WireError) {
        var reader = ByteReader(bytes)
        let flags = try reader.byte()
        guard flags < 8 else { throw .malformed }
        wasThere = flags & 1 != 0
        wasDeleted = flags & 2 != 0
        if flags & 4 != 0 { redirect = RecordID(bytes: try reader.bytes(16)) }
        guard wasThere else {
            fields = after.numbers
            values = FieldMap()
            return
        }
        var numbers: [UInt32] = []
        for _ in 0..<(try reader.varint()) {
            numbers.append(UInt32(truncatingIfNeeded: try reader.varint()))
        }
        fields = numbers
        values = try FieldMap(try reader.rest())
    }
}
