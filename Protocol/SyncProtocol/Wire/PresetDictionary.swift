internal import CZlib
internal import Foundation

/// Typical records, which small bodies are packed with: what a body shares with them is not said again.
///
/// > [W-07] A body under `deflate` may be packed with a preset dictionary, which zlib's header names by its checksum
/// > (RFC 1950, DICTID). An answer is packed with the dictionary of its request, or with none.
public struct PresetDictionary: Hashable, Sendable {
    /// The largest body that is packed with one, in bytes: a larger one is typical enough by itself, and is packed
    /// faster without.
    public static let bodyLimit = 64 << 10

    /// The latest, made of records of the present schema by `make dictionary`.
    public static let latest = PresetDictionary(checked: PackageResources.dictionary_bin)

    /// Every dictionary that bodies may have been packed with, the latest first.
    public static let all = [latest]

    /// What it consists of, at most 32,768 bytes.
    public let bytes: [UInt8]
    /// Its Adler-32: what a packed body names it by.
    public let id: UInt32

    /// A dictionary; `nil` where it is empty, or larger than zlib's window.
    public init?(bytes: [UInt8]) {
        guard (1...32 << 10).contains(bytes.count) else { return nil }
        self.init(checked: bytes)
    }

    private init(checked bytes: [UInt8]) {
        self.bytes = bytes
        id = UInt32(truncatingIfNeeded: adler32(1, bytes, UInt32(bytes.count)))
    }

    /// What it is called in headers and paths: eight hexadecimal digits.
    public var name: String {
        let digits = String(id, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The dictionary, among some, that a packed body names; `nil` where it names none of them.
    public static func named(
        by packed: [UInt8],
        among known: [PresetDictionary]
    ) -> PresetDictionary? {
        // CMF, FLG with the bit FDICT, and then the checksum, the most significant byte first.
        guard packed.count >= 6, packed[0] & 0x0F == 8, packed[1] & 0x20 != 0 else { return nil }
        let id = packed[2..<6].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return known.first { $0.id == id }
    }
}
