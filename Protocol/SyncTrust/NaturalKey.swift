internal import Crypto
internal import Foundation
public import SyncProtocol

/// The deployment's key for ids that derive from what a record is about.
///
/// A plain hash of an identity number can be searched by brute force; without this key it cannot.
public struct NaturalKey: Sendable {
    private let key: SymmetricKey

    /// A new key from the system's random source.
    public init() { key = SymmetricKey(size: .bits256) }

    /// The key of 32 bytes; `nil` for any other number of them.
    public init?(bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// The 32 bytes that stay with the deployment.
    public var bytes: [UInt8] { key.withUnsafeBytes { Array($0) } }

    // > [N-02] A derived id is the first 16 bytes of HMAC-SHA-256 under the deployment's identity
    // > key over the type's name and the key's parts, each preceded by its length.

    /// The id of the record of a type with a natural key.
    public func id(of type: String, _ parts: [[UInt8]]) -> RecordID {
        var message: [UInt8] = []
        for part in [Array(type.utf8)] + parts {
            message.append(varint: UInt64(part.count))
            message.append(contentsOf: part)
        }
        return RecordID(
            derivedFrom: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
        )
    }
}

extension NaturalKey {
    // > [N-02] A person's natural key is (document type, normalized document number).

    /// The id that follows from what a record says; `nil` where its type has no natural key, or the record
    /// does not say it.
    public func id(of fields: FieldMap, as type: RecordType) -> RecordID? {
        guard type.number == Person.recordType.number, let number = fields.value(of: 4) else {
            return nil
        }
        return person(documentType: fields.number(of: 3), number: Array(number))
    }

    /// The id of the person with a document: its type's number, and its normalized number.
    public func person(documentType: UInt64, number: [UInt8]) -> RecordID {
        id(of: "Person", [Array(String(documentType).utf8), number])
    }

    /// The id of a dwelling that was imported: what the ledger says of it.
    public func dwelling(area: String, village: String, address: String, kind: UInt64) -> RecordID {
        id(
            of: "Dwelling",
            [Array(area.utf8), Array(village.utf8), Array(address.utf8), Array(String(kind).utf8)]
        )
    }

    /// The id of a registration that was imported: who, where, and reported on which day.
    public func registration(
        person: RecordID,
        dwelling: RecordID,
        reportedOn: UInt64
    ) -> RecordID {
        id(of: "Registration", [person.bytes, dwelling.bytes, Array(String(reportedOn).utf8)])
    }
}
