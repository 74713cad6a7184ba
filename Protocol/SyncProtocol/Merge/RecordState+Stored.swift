extension RecordState {
    /// The record as bytes for the store: flags, revision, fields, stamps; id and type apart.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = [(isDeleted ? 1 : 0) | (isErased ? 2 : 0) | (redirect == nil ? 0 : 4)]
        bytes.append(varint: revision.rawValue)
        if let redirect { bytes += redirect.bytes }
        bytes.append(varint: UInt64(fields.bytes.count))
        return bytes + fields.bytes + stamps.encoded
    }

    /// A record from the bytes that `encoded` gave.
    public init(encoded bytes: [UInt8], id: RecordID, type: UInt32) throws(WireError) {
        var reader = ByteReader(bytes)
        let flags = try reader.byte()
        let revision = Revision(rawValue: try reader.varint())
        var redirect: RecordID?
        if flags & 4 != 0 { redirect = RecordID(bytes: try reader.bytes(16)) }
        let fields = try FieldMap(try reader.bytes(try reader.varint()))
        self.init(
            id: id,
            type: type,
            revision: revision,
            isDeleted: flags & 1 != 0,
            fields: fields,
            stamps: try Stamps(encoded: try reader.rest()),
            redirect: redirect,
            isErased: flags & 2 != 0
        )
    }
}
