/// A message's fields by number, each as the bytes in which it travels, keys and all.
///
/// The fields are never decoded, so those of a newer version are kept byte for byte. In a map every
/// number occurs once and numbers ascend; the elements of a repeated field lie side by side.
///
/// > [W-01] A record travels as a protobuf message. Its fields are split, merged and joined by
/// > number without decoding them; a field that nobody here knows is kept byte for byte.
public struct FieldMap: Hashable, Sendable {
    struct Slot: Hashable, Sendable {
        let number: UInt32
        let range: Range<Int>
    }

    /// The message's bytes: the fields joined.
    public private(set) var bytes: [UInt8]
    private(set) var slots: [Slot]

    /// No field at all.
    public init() {
        bytes = []
        slots = []
    }

    /// Splits a message's bytes into its fields.
    public init(_ message: [UInt8]) throws(WireError) {
        var scanner = WireScanner(message)
        var found: [Slot] = []
        var isOrdered = true
        while let field = try scanner.next() {
            if let last = found.last, last.number == field.number {
                found[found.count - 1] = Slot(
                    number: last.number,
                    range: last.range.lowerBound..<field.whole.upperBound
                )
                continue
            }
            isOrdered = isOrdered && (found.last.map { $0.number < field.number } ?? true)
            found.append(Slot(number: field.number, range: field.whole))
        }
        bytes = message
        slots = found
        if !isOrdered { self = Self.joined(Self.gathered(found, in: message)) }
    }

    /// Joins encoded fields; the numbers must ascend.
    static func joined(_ fields: [(number: UInt32, bytes: ArraySlice<UInt8>)]) -> FieldMap {
        var map = FieldMap()
        map.bytes.reserveCapacity(fields.reduce(0) { $0 + $1.bytes.count })
        map.slots.reserveCapacity(fields.count)
        for field in fields where !field.bytes.isEmpty { map.append(field.number, field.bytes) }
        return map
    }

    private static func gathered(
        _ slots: [Slot],
        in message: [UInt8]
    ) -> [(number: UInt32, bytes: ArraySlice<UInt8>)] {
        Dictionary(grouping: slots, by: \.number).sorted { $0.key < $1.key }.map { number, slots in
            let parts = slots.map { message[$0.range] }
            return (number, parts.count == 1 ? parts[0] : ArraySlice(parts.joined()))
        }
    }

    private mutating func append(_ number: UInt32, _ field: ArraySlice<UInt8>) {
        let start = bytes.count
        bytes.append(contentsOf: field)
        slots.append(Slot(number: number, range: start..<bytes.count))
    }

    /// Whether there is no field.
    public var isEmpty: Bool { slots.isEmpty }

    /// The numbers of the fields, ascending.
    public var numbers: [UInt32] { slots.map(\.number) }

    /// A field as it travels, with its key; `nil` where it is absent.
    public subscript(number: UInt32) -> ArraySlice<UInt8>? {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            let slot = slots[middle]
            if slot.number == number { return bytes[slot.range] }
            if slot.number < number { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// This message with some fields replaced, and cleared where the replacement is empty.
    ///
    /// Numbers must ascend.
    func replacing(_ edits: [(number: UInt32, bytes: ArraySlice<UInt8>)]) -> FieldMap {
        guard !edits.isEmpty else { return self }
        var map = FieldMap()
        map.bytes.reserveCapacity(bytes.count + edits.reduce(0) { $0 + $1.bytes.count })
        map.slots.reserveCapacity(slots.count + edits.count)
        var next = 0
        for edit in edits {
            let start = next
            while next < slots.count, slots[next].number < edit.number { next += 1 }
            map.append(slots: start..<next, of: self)
            if next < slots.count, slots[next].number == edit.number { next += 1 }
            if !edit.bytes.isEmpty { map.append(edit.number, edit.bytes) }
        }
        map.append(slots: next..<slots.count, of: self)
        return map
    }

    /// Appends fields of another message that lie side by side: their bytes in one piece.
    private mutating func append(slots range: Range<Int>, of other: FieldMap) {
        guard range.lowerBound < range.upperBound else { return }
        let first = other.slots[range.lowerBound].range.lowerBound
        let last = other.slots[range.upperBound - 1].range.upperBound
        let shift = bytes.count - first
        bytes.append(contentsOf: other.bytes[first..<last])
        for index in range {
            let slot = other.slots[index]
            slots.append(
                Slot(
                    number: slot.number,
                    range: slot.range.lowerBound + shift..<slot.range.upperBound + shift
                )
            )
        }
    }

    /// This message with another's fields laid over it: whole fields replace whole fields.
    public func merging(_ other: FieldMap) -> FieldMap {
        replacing(other.slots.map { ($0.number, other.bytes[$0.range]) })
    }

    /// This message without some of its fields.
    public func clearing(_ numbers: some Sequence<UInt32>) -> FieldMap {
        replacing(Set(numbers).sorted().map { ($0, []) })
    }

    /// Only the named fields.
    public func keeping(_ numbers: some Sequence<UInt32>) -> FieldMap {
        Self.joined(
            Set(numbers).sorted().compactMap { number in self[number].map { (number, $0) } }
        )
    }

    /// The elements of a repeated field, each as it travels, with its key.
    public func elements(of number: UInt32) -> [ArraySlice<UInt8>] {
        guard let field = self[number] else { return [] }
        var scanner = WireScanner(bytes, field.startIndex..<field.endIndex)
        var elements: [ArraySlice<UInt8>] = []
        while let next = try? scanner.next() { elements.append(bytes[next.whole]) }
        return elements
    }

    /// The value of a field without its key and, for strings and bytes, its length: the last one, as
    /// protobuf has it.
    public func value(of number: UInt32) -> ArraySlice<UInt8>? {
        guard let field = self[number] else { return nil }
        var scanner = WireScanner(bytes, field.startIndex..<field.endIndex)
        var last: WireScanner.Field?
        while let next = try? scanner.next() { last = next }
        return last.map { bytes[$0.value] }
    }

    /// The value of a field as text; `nil` where it is absent.
    public func text(of number: UInt32) -> String? {
        value(of: number).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The value of a varint field; 0 where it is absent, as the wire has it.
    public func number(of number: UInt32) -> UInt64 {
        guard let value = value(of: number) else { return 0 }
        var scanner = WireScanner(bytes, value.startIndex..<value.endIndex)
        return (try? scanner.varint()) ?? 0
    }

    /// Equal when the bytes are equal: the slots follow from them.
    public static func == (left: FieldMap, right: FieldMap) -> Bool { left.bytes == right.bytes }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}

extension FieldMap {
    /// This message with a repeated field made of these elements, each as it travels, with its key.
    ///
    /// The elements are sorted and each kept once.
    public func settingElements(
        _ elements: [ArraySlice<UInt8>],
        of number: UInt32
    ) -> FieldMap {
        let sorted = Set(elements).sorted { $0.lexicographicallyPrecedes($1) }
        return replacing([(number, ArraySlice(sorted.joined()))])
    }

    /// A message of one field made of these encoded bytes, key and all.
    public func setting(_ field: ArraySlice<UInt8>?, of number: UInt32) -> FieldMap {
        replacing([(number, field ?? [])])
    }
}

extension FieldMap {
    /// This message with a text in a field; an empty one clears it.
    public func setting(text: String, of number: UInt32) -> FieldMap {
        setting(bytes: Array(text.utf8), of: number)
    }

    /// This message with bytes in a field; none clear it.
    public func setting(bytes value: [UInt8], of number: UInt32) -> FieldMap {
        var field: [UInt8] = []
        if !value.isEmpty { field.append(field: number, bytes: value) }
        return setting(ArraySlice(field), of: number)
    }

    /// This message with a number in a field; 0 clears it.
    public func setting(varint value: UInt64, of number: UInt32) -> FieldMap {
        var field: [UInt8] = []
        field.append(varint: value, as: number)
        return setting(ArraySlice(field), of: number)
    }
}

extension FieldMap {
    /// The values of a varint field, one or many.
    public func varints(of number: UInt32) -> [UInt64] {
        elements(of: number).compactMap { element in
            var map = FieldMap()
            map.append(number, element)
            return map.number(of: number)
        }
    }
}
