internal import SyncProtocol

/// A value for a statement, in PostgreSQL's binary form.
struct Parameter {
    /// The number of its type.
    let type: UInt32
    /// `nil` for NULL.
    let bytes: [UInt8]?

    private init(_ type: Kind, _ bytes: [UInt8]?) {
        self.type = type.rawValue
        self.bytes = bytes
    }

    /// PostgreSQL's numbers of the types that are used here: they are the same in every database.
    private enum Kind: UInt32 {
        case bool = 16
        case bytes = 17
        case int = 20
        case text = 25
        case uuid = 2950
        case bools = 1000
        case byteses = 1001
        case texts = 1009
        case ints = 1016
        case uuids = 2951

        /// The type of one element, and its array's.
        static func array(of element: Kind) -> Kind {
            switch element {
            case .bool: .bools
            case .bytes: .byteses
            case .text: .texts
            case .uuid: .uuids
            default: .ints
            }
        }
    }

    static func int(_ value: Int64?) -> Parameter { Parameter(.int, value?.bigEndianBytes) }
    static func int(_ value: Int) -> Parameter { int(Int64(value)) }
    static func bool(_ value: Bool) -> Parameter { Parameter(.bool, [value ? 1 : 0]) }
    static func text(_ value: String?) -> Parameter { Parameter(.text, value?.storable) }
    static func bytes(_ value: [UInt8]?) -> Parameter { Parameter(.bytes, value) }
    static func record(_ id: RecordID?) -> Parameter { Parameter(.uuid, id?.bytes) }
    static func device(_ id: DeviceID?) -> Parameter { Parameter(.uuid, id?.bytes) }

    static func ints(_ values: [Int64?]) -> Parameter {
        array(of: .int, values) { value, bytes in bytes.append(big: UInt64(bitPattern: value)) }
    }

    static func bools(_ values: [Bool]) -> Parameter {
        array(of: .bool, values) { value, bytes in bytes.append(value ? 1 : 0) }
    }

    static func texts(_ values: [String?]) -> Parameter {
        array(of: .text, values) { value, bytes in bytes += value.storable }
    }

    static func byteses(_ values: [[UInt8]?]) -> Parameter {
        array(of: .bytes, values) { value, bytes in bytes += value }
    }

    static func records(_ ids: [RecordID?]) -> Parameter {
        array(of: .uuid, ids) { id, bytes in bytes += id.bytes }
    }

    static func devices(_ ids: [DeviceID]) -> Parameter {
        array(of: .uuid, ids) { id, bytes in bytes += id.bytes }
    }

    /// One dimension, counted from 1: each element's length in bytes, then the element.
    private static func array<Element>(
        of kind: Kind,
        _ elements: [Element?],
        _ write: (Element, inout [UInt8]) -> Void
    ) -> Parameter {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(20 + 24 * elements.count)
        bytes.append(big: UInt32(elements.isEmpty ? 0 : 1))
        bytes.append(big: UInt32(elements.contains { $0 == nil } ? 1 : 0))
        bytes.append(big: kind.rawValue)
        if !elements.isEmpty {
            bytes.append(big: UInt32(elements.count))
            bytes.append(big: UInt32(1))
        }
        for element in elements {
            guard let element else {
                bytes.append(big: UInt32.max)
                continue
            }
            let start = bytes.count
            bytes.append(big: UInt32(0))
            write(element, &bytes)
            let length = UInt32(bytes.count - start - 4)
            bytes.replaceSubrange(start..<start + 4, with: length.bigEndianBytes)
        }
        return Parameter(.array(of: kind), bytes)
    }
}

/// A statement with its values.
///
/// The text is what it is prepared by: values never stand in it.
struct Statement {
    let sql: String
    /// The values, one behind another.
    private(set) var bytes: [UInt8] = []
    /// How long each is; -1 for NULL.
    private(set) var lengths: [Int32] = []
    private(set) var types: [UInt32] = []

    init(_ sql: String, _ parameters: [Parameter] = []) {
        self.sql = sql
        bytes.reserveCapacity(parameters.reduce(0) { $0 + ($1.bytes?.count ?? 0) })
        for parameter in parameters {
            types.append(parameter.type)
            lengths.append(parameter.bytes.map { Int32($0.count) } ?? -1)
            bytes += parameter.bytes ?? []
        }
    }
}

extension FixedWidthInteger {
    fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}

extension [UInt8] {
    fileprivate mutating func append(big value: some FixedWidthInteger) {
        self += value.bigEndianBytes
    }
}

extension String {
    /// The text as PostgreSQL can keep it: it has no room for the character 0, which becomes its picture.
    fileprivate var storable: [UInt8] {
        let bytes = Array(utf8)
        guard bytes.contains(0) else { return bytes }
        return bytes.flatMap { $0 == 0 ? Array("\u{2400}".utf8) : [$0] }
    }
}

extension UInt64 {
    /// PostgreSQL has signed integers only; epochs, revisions and positions stay far below the sign.
    var signed: Int64 { Int64(bitPattern: self) }
}
