/// A document number as it is compared: half-width capitals, without blanks and dashes.
struct ComparedNumber {
    /// What two numbers have in common before their characters are compared.
    struct Shape: Hashable {
        let documentType: UInt64
        let length: Int

        /// The shape of a number with one more character.
        var oneLonger: Shape { Shape(documentType: documentType, length: length + 1) }
    }

    private static let shortest = 6

    let shape: Shape
    let characters: [UInt16]
    /// The sum of the characters' keys at their positions.
    let key: UInt64

    /// A number to be compared; `nil` where it is too short to tell people apart.
    init?(_ text: String, documentType: UInt64) {
        let characters = Array(Spelling.compact(text).utf16)
        guard characters.count >= Self.shortest else { return nil }
        self.characters = characters
        shape = Shape(documentType: documentType, length: characters.count)
        key = characters.indices.reduce(0) { $0 &+ LikenessKey.of(characters[$1], at: $1) }
    }
}

extension ComparedNumber {
    /// The key that is common to all numbers that differ at one position alone.
    func key(without position: Int) -> UInt64 {
        key &- LikenessKey.of(characters[position], at: position)
    }

    /// The key that is common to all numbers of the same characters in any order.
    var keyInAnyOrder: UInt64 { characters.reduce(0) { $0 &+ LikenessKey.of($1, at: 0) } }

    /// The keys of the numbers that come about when one character is missing, each once.
    var keysWithOneMissing: [UInt64] {
        // Without the first character, all others stand one place further to the front.
        var key = characters.indices.dropFirst().reduce(UInt64(0)) {
            $0 &+ LikenessKey.of(characters[$1], at: $1 - 1)
        }
        var keys = [key]
        // Of two equal neighbours it makes no difference which one is missing.
        for position in characters.indices.dropLast()
        where characters[position] != characters[position + 1] {
            key &+= LikenessKey.of(characters[position], at: position)
            key &-= LikenessKey.of(characters[position + 1], at: position)
            keys.append(key)
        }
        return keys
    }
}

extension ComparedNumber {
    /// Whether two numbers of one length differ at exactly one position.
    func hasOneReplaced(in other: ComparedNumber) -> Bool {
        differences(from: other) == 1
    }

    /// Whether two characters have changed places between two numbers of one length.
    func hasTwoExchanged(in other: ComparedNumber) -> Bool {
        guard differences(from: other) == 2,
            let one = characters.indices.first(where: { characters[$0] != other.characters[$0] }),
            let two = characters.indices.last(where: { characters[$0] != other.characters[$0] })
        else { return false }
        return characters[one] == other.characters[two] && characters[two] == other.characters[one]
    }

    /// Whether the number is another, longer by one, that has lost a character.
    func hasLostOne(of longer: ComparedNumber) -> Bool {
        guard longer.characters.count == characters.count + 1 else { return false }
        let common = zip(characters, longer.characters).prefix { $0.0 == $0.1 }.count
        return characters[common...] == longer.characters[(common + 1)...]
    }

    private func differences(from other: ComparedNumber) -> Int {
        zip(characters, other.characters).reduce(0) { $1.0 == $1.1 ? $0 : $0 + 1 }
    }
}
