extension RecordType {
    /// What a record is called in lists: the first of its plain texts (a name, an address, a school).
    ///
    /// `nil` where it has none.
    public func title(of record: FieldMap) -> String? {
        fields.first { $0.kind == .text && $0.format == .plain && record[$0.number] != nil }
            .flatMap { record.text(of: $0.number) }
    }
}
