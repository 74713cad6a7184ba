/// Who wrote a field, at which revision, and when it was observed.
public struct Stamp: Hashable, Sendable {
    /// The device that wrote it.
    public var device: DeviceID
    /// The epoch and revision of the record that the writing made.
    public var base: Base
    /// When it was observed, in milliseconds since 1970; never before what its author had seen.
    public var time: Int64
    /// Whether the department that owns the field wrote it.
    public var byOwner: Bool
    /// Where the writing stood before a restore, where it was made before one.
    public var former: Former?

    /// A stamp.
    public init(device: DeviceID, base: Base, time: Int64, byOwner: Bool = false) {
        self.device = device
        self.base = base
        self.time = time
        self.byOwner = byOwner
    }
}

extension Stamp {
    /// A writing's place in an epoch that a restore ended.
    ///
    /// > [X-03] Two writings that both stood in the lost epoch are compared there: what its later writer
    /// > had seen is neither contested nor written again.
    public struct Former: Hashable, Sendable {
        /// The epoch.
        public var epoch: Epoch
        /// The revision that the writing made there; none where the server never had it.
        public var accepted: Revision
        /// The revision that its author had seen there.
        public var seen: Revision
        /// Whether it met what others had written meanwhile, so that what stood then may be theirs.
        public var wasContested = false

        /// Whether it is a copy: it had seen just what it says.
        var isCopy: Bool { accepted > .none && accepted == seen }
    }

    /// Whether the writing is above what somebody had seen.
    func isAbove(_ base: Base) -> Bool {
        if let former, former.accepted > .none, former.epoch == base.epoch {
            return former.accepted > base.revision
        }
        return self.base > base
    }
}

/// The stamps of one record.
///
/// Most records are written once, by one device: then `first` says it all. Fields written later have
/// stamps of their own, and so have the elements of sets, present or removed.
public struct Stamps: Hashable, Sendable {
    struct Element: Hashable, Sendable {
        let number: UInt32
        let bytes: [UInt8]
        var stamp: Stamp
    }

    /// The creation's stamp: of every field that is present and has no stamp of its own.
    public let first: Stamp
    /// The stamp of the deletion, while the record is deleted.
    public internal(set) var deletion: Stamp?
    private(set) var fields: [(number: UInt32, stamp: Stamp)] = []
    private(set) var elements: [Element] = []
    /// For each device, its last change that was contested and wrote nothing.
    private(set) var contests: [Stamp] = []
    /// Who else said what a field or an element says, neither having seen the other.
    ///
    /// The last writer's next change contests them all the same. A field's have no bytes; those of a date
    /// that lost have the date, since its winner may yet be loosened by its own author.
    private(set) var echoes: [Element] = []

    /// The stamps of a record that was just created.
    public init(first: Stamp) { self.first = first }

    /// The last writing of a field: its own stamp, or the creation's where the field is present.
    package func last(of number: UInt32, in record: FieldMap) -> Stamp? {
        if let own = fields.first(where: { $0.number == number }) { return own.stamp }
        return record[number] == nil ? nil : first
    }

    /// The last writing of any of the fields.
    func last(of numbers: [UInt32], in record: FieldMap) -> Stamp? {
        numbers.compactMap { last(of: $0, in: record) }.max { $0.base < $1.base }
    }

    mutating func set(_ stamp: Stamp, of number: UInt32) {
        if let index = fields.firstIndex(where: { $0.number == number }) {
            fields[index].stamp = stamp
        } else {
            fields.append((number, stamp))
        }
    }

    /// The last addition or removal of an element: its own stamp, or the creation's where present.
    func last(of element: ArraySlice<UInt8>, in number: UInt32, isPresent: Bool) -> Stamp? {
        if let own = elements.first(where: { $0.number == number && $0.bytes[...] == element }) {
            return own.stamp
        }
        return isPresent ? first : nil
    }

    mutating func set(_ stamp: Stamp, of element: ArraySlice<UInt8>, in number: UInt32) {
        if let index = elements.firstIndex(where: {
            $0.number == number && $0.bytes[...] == element
        }) {
            elements[index].stamp = stamp
        } else {
            elements.append(Element(number: number, bytes: Array(element), stamp: stamp))
        }
    }

    /// Who else said what a field, or one of its elements, says.
    func echoes(of element: ArraySlice<UInt8> = [], in number: UInt32) -> [Stamp] {
        echoes.filter { $0.number == number && $0.bytes[...] == element }.map(\.stamp)
    }

    mutating func set(echoes stamps: [Stamp], of element: ArraySlice<UInt8> = [], in number: UInt32)
    {
        echoes.removeAll { $0.number == number && $0.bytes[...] == element }
        echoes += stamps.map { Element(number: number, bytes: Array(element), stamp: $0) }
    }

    /// Dates that lost to the one that stands, each with who said it.
    func losers(in number: UInt32) -> [Element] {
        echoes.filter { $0.number == number && !$0.bytes.isEmpty }
    }

    mutating func set(losers: [Element], in number: UInt32) {
        echoes.removeAll { $0.number == number && !$0.bytes.isEmpty }
        echoes += losers
    }

    mutating func note(contest stamp: Stamp) {
        contests.removeAll { $0.device == stamp.device }
        contests.append(stamp)
    }

    /// Every stamp there is.
    var all: [Stamp] {
        [first] + [deletion].compactMap(\.self) + fields.map(\.stamp) + elements.map(\.stamp)
            + contests + echoes.map(\.stamp)
    }

    /// The same stamps, each in the name that it is given.
    func named(by name: (Stamp) -> DeviceID) -> Stamps {
        func named(_ stamp: Stamp) -> Stamp {
            var stamp = stamp
            stamp.device = name(stamp)
            return stamp
        }
        func named(_ element: Element) -> Element {
            Element(number: element.number, bytes: element.bytes, stamp: named(element.stamp))
        }
        var stamps = Stamps(first: named(first))
        stamps.deletion = deletion.map(named)
        stamps.fields = fields.map { ($0.number, named($0.stamp)) }
        stamps.elements = elements.map(named)
        stamps.contests = contests.map(named)
        stamps.echoes = echoes.map(named)
        return stamps
    }

    /// The latest time of any stamp: the record's clock [T-01].
    public var clock: Int64 { all.map(\.time).max() ?? first.time }

    /// Whether somebody else wrote anything above a base.
    ///
    /// `others` is who asks; `nil` where whoever wrote is somebody else.
    func holdsWork(of others: DeviceID?, above base: Base) -> Bool {
        func isWork(_ stamp: Stamp) -> Bool { stamp.device != others && stamp.isAbove(base) }
        return isWork(first) || deletion.map(isWork) ?? false
            || fields.contains { isWork($0.stamp) } || elements.contains { isWork($0.stamp) }
            || contests.contains(where: isWork) || echoes.contains { isWork($0.stamp) }
    }

    /// Equal when every stamp is.
    public static func == (left: Stamps, right: Stamps) -> Bool { left.encoded == right.encoded }

    /// Hashes the encoded stamps.
    public func hash(into hasher: inout Hasher) { hasher.combine(encoded) }
}

// MARK: - As stored

extension Stamps {
    /// Version 1 had no echoes, version 2 no former places.
    private static let version: UInt8 = 3

    /// The stamps as bytes, for the store: a version, the first, then the exceptions.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        first.encode(to: &bytes)
        guard
            deletion != nil || !fields.isEmpty || !elements.isEmpty || !contests.isEmpty
                || !echoes.isEmpty
        else { return bytes }
        bytes.append(deletion == nil ? 0 : 1)
        deletion?.encode(to: &bytes)
        bytes.append(varint: UInt64(fields.count))
        for field in fields {
            bytes.append(varint: UInt64(field.number))
            field.stamp.encode(to: &bytes)
        }
        bytes.append(varint: UInt64(contests.count))
        for contest in contests { contest.encode(to: &bytes) }
        bytes.append(varint: UInt64(echoes.count))
        for element in echoes + elements { element.encode(to: &bytes) }
        return bytes
    }

    /// Stamps from the bytes that `encoded` gave.
    public init(encoded bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes)
        let version = try reader.byte()
        guard (1...Self.version).contains(version) else { throw .malformed }
        self.init(first: try Stamp(from: &reader, version))
        guard !reader.isAtEnd else { return }
        if try reader.byte() == 1 { deletion = try Stamp(from: &reader, version) }
        for _ in 0..<(try reader.varint()) {
            let number = UInt32(truncatingIfNeeded: try reader.varint())
            fields.append((number, try Stamp(from: &reader, version)))
        }
        for _ in 0..<(try reader.varint()) { contests.append(try Stamp(from: &reader, version)) }
        if version > 1 {
            for _ in 0..<(try reader.varint()) {
                echoes.append(try Element(from: &reader, version))
            }
        }
        while !reader.isAtEnd { elements.append(try Element(from: &reader, version)) }
    }
}

extension Stamps.Element {
    fileprivate func encode(to bytes: inout [UInt8]) {
        bytes.append(varint: UInt64(number))
        bytes.append(varint: UInt64(self.bytes.count))
        bytes.append(contentsOf: self.bytes)
        stamp.encode(to: &bytes)
    }

    fileprivate init(from reader: inout ByteReader, _ version: UInt8) throws(WireError) {
        number = UInt32(truncatingIfNeeded: try reader.varint())
        bytes = try reader.bytes(try reader.varint())
        stamp = try Stamp(from: &reader, version)
    }
}

extension Stamp {
    fileprivate func encode(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: device.bytes)
        bytes.append(varint: base.epoch.rawValue)
        let flags: UInt64 = (byOwner ? 1 : 0) | (former == nil ? 0 : 2)
        bytes.append(varint: base.revision.rawValue << 2 | flags)
        bytes.append(varint: UInt64(bitPattern: time))
        guard let former else { return }
        bytes.append(varint: former.epoch.rawValue)
        bytes.append(varint: former.accepted.rawValue << 1 | (former.wasContested ? 1 : 0))
        bytes.append(varint: former.seen.rawValue)
    }

    fileprivate init(from reader: inout ByteReader, _ version: UInt8) throws(WireError) {
        guard let device = DeviceID(bytes: try reader.bytes(16)) else { throw .malformed }
        let epoch = Epoch(rawValue: try reader.varint())
        let revision = try reader.varint()
        let time = try reader.varint()
        self.init(
            device: device,
            base: Base(
                epoch: epoch,
                revision: Revision(rawValue: revision >> (version > 2 ? 2 : 1))
            ),
            time: Int64(bitPattern: time),
            byOwner: revision & 1 == 1
        )
        guard version > 2, revision & 2 != 0 else { return }
        let place = Epoch(rawValue: try reader.varint())
        let accepted = try reader.varint()
        former = Former(
            epoch: place,
            accepted: Revision(rawValue: accepted >> 1),
            seen: Revision(rawValue: try reader.varint()),
            wasContested: accepted & 1 == 1
        )
    }
}
