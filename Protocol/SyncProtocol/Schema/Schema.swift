internal import Foundation
internal import SwiftProtobuf

/// The record types and what is agreed about their fields, read from the descriptor set that is
/// compiled in: `records.proto` is the one source of truth.
public struct Schema: Sendable {
    /// The version by which a change says how it was validated; raised with `records.proto`.
    public static let version: UInt32 = 1

    /// The schema that this program was built with.
    public static let current = Schema(descriptors: PackageResources.records_binpb)

    /// The record types, by number.
    public let types: [RecordType]
    /// The version of this schema.
    public let version: UInt32

    init(descriptors: [UInt8]) {
        // The bytes are part of this program; if they do not parse, it was built wrongly.
        guard
            let set = try? Google_Protobuf_FileDescriptorSet(
                serializedBytes: descriptors,
                extensions: SchemaSchema_Extensions
            )
        else { preconditionFailure("the compiled-in descriptor set does not parse: make generate") }
        let messages = set.file.flatMap(\.messageType)
        let labels = EnumLabels(set.file.flatMap(\.enumType))
        let numbers = messages.first { $0.name == "RecordBody" }?.field ?? []
        types = numbers.compactMap { entry in
            guard let message = messages.first(where: { entry.typeName.hasSuffix("." + $0.name) })
            else { return nil }
            return RecordType(number: UInt32(entry.number), message: message, labels: labels)
        }
        version = Self.version
    }

    private init(_ types: [RecordType], version: UInt32) {
        (self.types, self.version) = (types, version)
    }

    /// The schema as it was a version ago, when nobody knew fields of this name: what a program that was not
    /// upgraded works by.
    package func former(without name: String) -> Schema {
        let version = version - 1
        return Schema(types.map { $0.former(without: name, version) }, version: version)
    }

    /// The type with a number; `nil` for one that nobody here knows.
    public func type(_ number: UInt32) -> RecordType? {
        let index = Int(number) - 1
        guard types.indices.contains(index), types[index].number == number else {
            return types.first { $0.number == number }
        }
        return types[index]
    }

    /// The type with a name: `Person`, `person` or 流动人口.
    public func type(named name: some StringProtocol) -> RecordType? {
        types.first { $0.zh == name || $0.name.lowercased() == name.lowercased() }
    }
}

/// A Chinese and an English word for the same thing.
public struct Label: Hashable, Sendable {
    /// The Chinese word.
    public let zh: String
    /// The English word.
    public let en: String
}

/// The names and words of the values of each enumeration, by its full name and number.
struct EnumLabels {
    private let values: [String: [RecordField.Value]]

    init(_ enumerations: [Google_Protobuf_EnumDescriptorProto]) {
        let pairs = enumerations.map { enumeration in
            let values = enumeration.value.filter { $0.number != 0 }.map {
                let label = $0.options.Schemalabel
                return RecordField.Value(
                    number: UInt64($0.number),
                    name: $0.name,
                    label: Label(zh: label.zh, en: label.en)
                )
            }
            return (enumeration.name, values)
        }
        values = Dictionary(uniqueKeysWithValues: pairs)
    }

    func values(ofTypeName name: String) -> [RecordField.Value] {
        values[String(name.split(separator: ".").last ?? "")] ?? []
    }
}
