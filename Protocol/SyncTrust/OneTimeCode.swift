internal import Crypto
internal import Foundation

/// The code of an enrolment link: 60 random bits that work once, and not for long.
public struct OneTimeCode: Sendable, CustomStringConvertible {
    /// Crockford's base 32: no letter that a person could take for a digit.
    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")

    /// The code as it is read out: `7Q2M-K9XD-04TB`.
    public let description: String

    /// A new code from a random source.
    public init(using random: inout some RandomNumberGenerator) {
        let characters = (0..<12).map { _ in
            Self.alphabet[Int.random(in: 0..<32, using: &random)]
        }
        description = stride(from: 0, to: 12, by: 4)
            .map { String(characters[$0..<$0 + 4]) }.joined(separator: "-")
    }

    /// A new code from the system's random source.
    public init() {
        var random = SystemRandomNumberGenerator()
        self.init(using: &random)
    }

    /// A code as somebody typed it: in either case, with or without hyphens, O and I and L for 0 and 1.
    public init(typed text: String) {
        let plain = text.uppercased().filter { $0 != "-" && $0 != " " }.map { character in
            switch character {
            case "O": "0" as Character
            case "I", "L": "1" as Character
            default: character
            }
        }
        description = stride(from: 0, to: plain.count, by: 4)
            .map { String(plain[$0..<min($0 + 4, plain.count)]) }.joined(separator: "-")
    }

    // > [A-01] `device add` makes a one-time code that expires; only its hash is kept.

    /// What the server keeps of the code.
    public var hash: [UInt8] { Array(SHA256.hash(data: Data(description.utf8))) }
}
