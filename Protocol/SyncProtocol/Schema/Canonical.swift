extension FieldMap {
    // > [W-02] Values are compared in canonical form: the last of a singular field, the shortest
    // > varint, no value where it is the type's default, the elements of a set sorted and each
    // > once, unpacked.

    /// This message in canonical form, every known field checked to be of its type.
    ///
    /// Unknown fields stay byte for byte. Throws `.field` for a known field that is not of its type.
    public func canonical(as type: RecordType) throws(WireError) -> FieldMap {
        var edits: [(number: UInt32, bytes: ArraySlice<UInt8>)] = []
        for slot in slots {
            guard let field = type.field(slot.number) else { continue }
            let given = bytes[slot.range]
            let canonical =
                field.isSet ? try set(field, slot.range) : try singular(field, slot.range)
            if canonical != given { edits.append((slot.number, canonical)) }
        }
        return replacing(edits)
    }

    private func singular(
        _ field: RecordField,
        _ range: Range<Int>
    ) throws(WireError) -> ArraySlice<UInt8> {
        var last: WireScanner.Field?
        var scanner = WireScanner(bytes, range)
        while let next = try scanner.next() { last = next }
        guard let last else { return [] }
        guard last.wire == field.wire else { throw .field(field.number) }
        return ArraySlice(try element(field, last.value, keepingDefault: false) ?? [])
    }

    private func set(
        _ field: RecordField,
        _ range: Range<Int>
    ) throws(WireError) -> ArraySlice<UInt8> {
        var elements: [[UInt8]] = []
        var scanner = WireScanner(bytes, range)
        while let next = try scanner.next() {
            if next.wire == field.wire {
                try elements.append(element(field, next.value, keepingDefault: true) ?? [])
            } else if field.wire == .varint, next.wire == .bytes {
                try elements.append(contentsOf: unpacked(field, next.value))
            } else {
                throw .field(field.number)
            }
        }
        let sorted = elements.sorted { $0.lexicographicallyPrecedes($1) }
        var unique: [UInt8] = []
        var previous: [UInt8]?
        for element in sorted where element != previous {
            unique.append(contentsOf: element)
            previous = element
        }
        return ArraySlice(unique)
    }

    private func unpacked(
        _ field: RecordField,
        _ range: Range<Int>
    ) throws(WireError) -> [[UInt8]] {
        var elements: [[UInt8]] = []
        var scanner = WireScanner(bytes, range)
        while !scanner.isAtEnd {
            var element: [UInt8] = []
            element.append(key: field.number, .varint)
            element.append(varint: field.narrowed(try scanner.varint()))
            elements.append(element)
        }
        return elements
    }

    /// One value with its key, in its shortest form; `nil` where it is the default.
    private func element(
        _ field: RecordField,
        _ value: Range<Int>,
        keepingDefault: Bool
    ) throws(WireError) -> [UInt8]? {
        var element: [UInt8] = []
        if field.wire == .varint {
            var scanner = WireScanner(bytes, value)
            let number = field.narrowed(try scanner.varint())
            guard number != 0 || keepingDefault else { return nil }
            element.append(key: field.number, .varint)
            element.append(varint: number)
            return element
        }
        guard !value.isEmpty || keepingDefault else { return nil }
        if field.kind == .text, String(validating: bytes[value], as: UTF8.self) == nil {
            throw .field(field.number)
        }
        element.append(field: field.number, bytes: bytes[value])
        return element
    }
}

extension RecordField {
    /// A number as a reader of the field's type takes it: 32 bits, sign and all, unless it is wide.
    fileprivate func narrowed(_ number: UInt64) -> UInt64 {
        guard !isWide else { return number }
        return isSigned
            ? UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: number)))
            : UInt64(UInt32(truncatingIfNeeded: number))
    }

    /// How a value of this field stands on the wire.
    var wire: WireScanner.WireType {
        switch kind {
        case .text, .bytes: .bytes
        case .number, .enumeration: .varint
        }
    }
}
