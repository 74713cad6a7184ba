internal import SyncProtocol
internal import SyncTrust

extension DeviceProfile {
    /// The id that follows from what a record says [N-02].
    func naturalID(of fields: FieldMap, as type: RecordType) -> RecordID? {
        NaturalKey(bytes: identityKey)?.id(of: fields, as: type)
    }

    // > [N-02] Without the key a known person would come under a second id.

    /// Throws `identity_key_missing` where ids of the type derive from what a record says, and the device was not given
    /// the key for that.
    func mustName(_ type: RecordType) throws {
        guard type.identityUnit.isEmpty || !identityKey.isEmpty else {
            throw SyncError(
                "identity_key_missing",
                "本设备没有编号密钥，不能采集\(type.zh) This device was not given the key for the ids of \(type.en)",
                hint:
                    "授权不含证件号码的部门设备没有此密钥；授权扩大后，请运维人员用 device re-key 给出新链接：residence enroll 链接 --rekey。 Where its grant covers the document number now, ask the operator for a link by device re-key: residence enroll LINK --rekey."
            )
        }
    }
}

extension Desk {
    /// Whether a record is wanted to say another number than the one from which its id follows.
    func leaves(_ record: LocalRecord, _ wanted: FieldMap, _ type: RecordType) -> Bool {
        let seen = record.visible ?? FieldMap()
        let unit = type.identityUnit
        guard !unit.isEmpty, wanted.keeping(unit) != seen.keeping(unit) else { return false }
        return profile.naturalID(of: wanted, as: type).map { $0 != record.id } ?? false
    }

    /// Throws `identity_fixed` where an edit would leave a record under the id of another number.
    func checkIdentity(_ record: LocalRecord, _ wanted: FieldMap, _ type: RecordType) throws {
        guard !leaves(record, wanted, type) else {
            throw SyncError(
                "identity_fixed",
                "证件号码只能用更正身份修改 A document number changes only by re-identifying",
                hint: "residence reidentify \(record.id.description.prefix(13)) 证件号码=…",
                subject: type.field(unit: type.identityUnit)?.name
            )
        }
    }

    /// Captures under the right number what was returned under a wrong one, which the server never had;
    /// what refers to it follows.
    func move(
        _ record: LocalRecord,
        to target: RecordID,
        _ wanted: FieldMap,
        _ type: RecordType
    ) throws {
        let returned = try transaction.overlay(of: record.id)
        let known = try transaction.record(target)?.visible
        try put(
            known.map { wanted.completing($0, as: type) } ?? wanted,
            at: target,
            type: type,
            mending: returned.flatMap { entry in
                let change = try? Change(payload: entry.payload, epoch: profile.epoch)
                return [entry.sequence] + (change?.handedOn ?? [])
            }
        )
        // It is said there now: also if that comes back, it names these as what it takes the place of.
        for entry in returned { try transaction.settleReturned(entry.sequence) }
        try erase(record)
        for type in schema.types {
            for field in type.placing where field.format == .reference {
                try repoint(field, of: type, from: record.id, to: target)
            }
        }
    }

    private func repoint(
        _ field: RecordField,
        of type: RecordType,
        from former: RecordID,
        to target: RecordID
    ) throws {
        var offset = 0
        while true {
            let page = try transaction.records(
                ofType: type.number,
                in: nil,
                offset: offset,
                limit: 500
            )
            for record in page where record.visible?.reference(field.number) == former {
                let fields = record.visible ?? FieldMap()
                try put(
                    fields.setting(bytes: target.bytes, of: field.number),
                    at: record.id,
                    type: type
                )
            }
            offset += page.count
            if page.count < 500 { return }
        }
    }
}

extension RecordType {
    fileprivate func field(unit: [UInt32]) -> RecordField? {
        fields.first { unit.contains($0.number) && $0.format == .identityNumber }
    }
}
