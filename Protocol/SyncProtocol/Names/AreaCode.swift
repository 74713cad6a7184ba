/// A part of the map: a national administrative division code (GB/T 2260 and its extensions).
///
/// 2 digits name a province, 4 a city, 6 a county, 9 a township (乡镇街道), 12 a village or
/// community (村/社区). An area contains every code that it is a prefix of.
public struct AreaCode: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
    /// The digits.
    public let rawValue: String

    /// An area by its digits; `nil` where they are not 2, 4, 6, 9 or 12 of them.
    public init?(_ text: some StringProtocol) {
        // Twelve digits are a string without memory of its own: checked as such, they cost nothing to copy.
        let digits = String(text)
        guard Self.isCode(digits.utf8) else { return nil }
        rawValue = digits
    }

    private static func isCode(_ digits: String.UTF8View) -> Bool {
        switch digits.count {
        case 2, 4, 6, 9, 12:
            digits.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        default: false
        }
    }

    /// Whether this area is the other one or lies around it.
    public func contains(_ other: AreaCode) -> Bool { other.rawValue.hasPrefix(rawValue) }

    /// The digits.
    public var description: String { rawValue }

    /// Orders areas by code, so that locks are always taken in the same order.
    public static func < (left: AreaCode, right: AreaCode) -> Bool {
        left.rawValue < right.rawValue
    }
}

extension Collection where Element == AreaCode {
    /// Whether one of these areas is the given one or lies around it.
    public func cover(_ area: AreaCode) -> Bool { contains { $0.contains(area) } }
}
