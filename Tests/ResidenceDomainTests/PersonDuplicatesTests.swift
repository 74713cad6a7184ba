import Chance
import ResidenceDomain
import SyncProtocol
import Testing

@Suite struct PersonDuplicatesTests {
    @Test(arguments: [
        ("张三", "张三"), ("张三", "张　三"), ("Anna Schmidt", "ＡＮＮＡ  schmidt"),
        ("阿依古丽·买买提", "阿依古丽•买买提"),
    ])
    func `people of one name and one birth date may be the same`(name: String, other: String) {
        let found = pairs([
            Sketch(name: name, born: 1990_01_02), Sketch(name: other, born: 1990_01_02),
        ])

        #expect(found == [pair(0, 1, .nameAndBirthDate)])
    }

    @Test(arguments: [
        ("张三", 1990_01_02, "张三", 1990_01_03), ("张三", 1990_01_02, "张山", 1990_01_02),
        ("张三", 0, "张三", 0), ("", 1990_01_02, "", 1990_01_02), ("张三", 1990_01_02, "张三", 0),
    ])
    func `a name or a birth date alone proposes nothing`(
        name: String,
        born: Int,
        other: String,
        otherBorn: Int
    ) {
        #expect(
            pairs([Sketch(name: name, born: born), Sketch(name: other, born: otherBorn)]).isEmpty
        )
    }

    @Test(arguments: [
        ("330902199001011234", "330902199001011235"), ("330902199001011234", "130902199001011234"),
        ("33090219900101123X", "330902199001011233"), ("海员证A1234567", "船员证A1234567"),
        ("330902199001011234", "330902199001011243"), ("330902199001011234", "430902199001011233"),
        ("330902199001011234", "33090219900101123"), ("330902199001011234", "30902199001011234"),
        ("330902199001011234", "3309021990001011234"),
        ("330902199001011234", "3309021990010112345"), ("E28399950", "Ｅ2839 9951"),
        ("330902199001011234", "330902199001011234"), ("123456", "123457"),
    ])
    func `document numbers one slip apart may be one number`(number: String, other: String) {
        let one = Sketch(number: number)
        let two = Sketch(number: other)

        #expect(pairs([one, two]) == [pair(0, 1, .documentNumber)])
        #expect(pairs([two, one]) == [pair(0, 1, .documentNumber)])
    }

    @Test(arguments: [
        ("330902199001011234", "330902199001011256"), ("330902199001011234", "330902199001011423"),
        ("330902199001011234", "3309021990010112"), ("330902199001011234", "33090219900101129"),
        ("330902199001011234", "33090219900101123456"), ("12345", "12346"), ("12345", "12345"),
        ("12345", "123456"), ("", ""),
    ])
    func `document numbers two slips apart, or too short, are different`(
        number: String,
        other: String
    ) {
        #expect(pairs([Sketch(number: number), Sketch(number: other)]).isEmpty)
        #expect(pairs([Sketch(number: other), Sketch(number: number)]).isEmpty)
    }

    @Test func `numbers of different documents are never compared`() {
        let passport = Sketch(document: .passport, number: "12345678")
        let permit = Sketch(document: .taiwanPermit, number: "12345678")

        #expect(pairs([passport, permit]).isEmpty)
    }

    @Test(arguments: [
        ("13800138000", "13800138000"), ("13800138000", "+86 138-0013-8000"),
        ("0580-2036789", "（0580）2036789"), ("8765432", "８７６５４３２"),
    ])
    func `people of one phone may be the same`(phone: String, other: String) {
        let found = pairs([Sketch(phones: [phone]), Sketch(phones: ["13900139000", other])])

        #expect(found == [pair(0, 1, .phone)])
    }

    @Test(arguments: [("13800138000", "13800138001"), ("138001", "138001"), ("电话", "电话")])
    func `another phone, or what is too short for one, proposes nothing`(
        phone: String,
        other: String
    ) {
        #expect(pairs([Sketch(phones: [phone]), Sketch(phones: [other])]).isEmpty)
    }

    @Test(arguments: [(2, 1), (5, 10), (6, 0), (40, 0)])
    func `a phone of more than five people proposes nothing on its own`(people: Int, proposed: Int)
    {
        let tenant = Sketch(phones: ["13800138000"])

        #expect(pairs([Sketch](repeating: tenant, count: people)).count == proposed)
    }

    @Test func `a phone of many supports another reason`() {
        let phones = ["13800138000"]
        let zhang = Sketch(name: "张三", born: 1990_01_02, phones: phones)
        let others = [Sketch](repeating: Sketch(phones: phones), count: 6)

        #expect(pairs([zhang] + others + [zhang]) == [pair(0, 7, .nameAndBirthDate, .phone)])
    }

    @Test func `the likeliest pairs come first, then the smaller ids`() {
        let everything = Sketch(
            name: "张三",
            born: 1990_01_02,
            number: "E28399950",
            phones: ["5550001"]
        )
        let number = Sketch(number: "G51234567")
        let nameAndPhone = Sketch(name: "李四", born: 1991_01_02, phones: ["5550002"])
        let name = Sketch(name: "王五", born: 1992_01_02)
        let phone = Sketch(phones: ["5550003"])
        let people = [phone, name, nameAndPhone, number, everything].flatMap { [$0, $0] }
        let expected = [
            pair(8, 9, .documentNumber, .nameAndBirthDate, .phone), pair(6, 7, .documentNumber),
            pair(4, 5, .nameAndBirthDate, .phone), pair(2, 3, .nameAndBirthDate),
            pair(0, 1, .phone),
        ]

        #expect(pairs(people) == expected)
        #expect(pairs(people, limit: 2) == Array(expected.prefix(2)))
        #expect(pairs(people, limit: 0).isEmpty)
        #expect(pairs([name, name, name]).map(\.second) == [id(1), id(2), id(2)])
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `the order in which people are added makes no difference`(seed: UInt64) {
        var dice = SplitMix64(seed: seed)
        var people = (0..<100).map { Sketch.unlikeAnyOther($0) }
        for copy in 50..<100 { _ = people[copy].resemble(people[copy - 50], inWay: copy) }
        people += [Sketch](repeating: Sketch(name: "张三", born: 1990_01_02), count: 250)
        let cards = people.enumerated().map { (id($0), $1.fields) }

        let found = pairs(of: cards, limit: 10_000)

        #expect(found.count > 50)
        #expect(pairs(of: cards.shuffled(using: &dice), limit: 10_000) == found)
    }

    @Test func `a crowd of one name and birth date does not become all its pairs`() {
        let nobody = Sketch(name: "无名", born: 1900_01_01)

        let found = pairs([Sketch](repeating: nobody, count: 2_000), limit: .max)

        #expect(!found.isEmpty)
        #expect(found.count <= 2_000 * 20)
    }

    @Test func `an exchange is found among many numbers of the same characters`() {
        var dice = SplitMix64(seed: 7)
        let digits = Array("012345678901234567")
        let numbers = (0..<400).map { _ in digits.shuffled(using: &dice) }
        var exchanged = numbers[0]
        exchanged.swapAt(0, numbers[0].lastIndex { $0 != numbers[0][0] } ?? 0)

        let found = pairs((numbers + [exchanged]).map { Sketch(number: String($0)) })

        #expect(found == [pair(0, 400, .documentNumber)])
    }

    @Test func `among twenty thousand people exactly the planted pairs are found`() {
        var dice = SplitMix64(seed: 20_260_412)
        var people = (0..<20_050).map { Sketch.unlikeAnyOther($0) }
        var planted: Set<DuplicatePair> = []
        for (way, original) in (0..<20_000).shuffled(using: &dice).prefix(50).enumerated() {
            let reason = people[20_000 + way].resemble(people[original], inWay: way)
            planted.insert(pair(original, 20_000 + way, reason))
        }

        let found = pairs(people, limit: 1_000)

        #expect(found.count == 50)
        #expect(Set(found) == planted)
    }

    @Test func `the rules know duplicates of people, and of nothing else`() {
        #expect(ResidenceRules().duplicateFinder(for: Person.recordType) is PersonDuplicates)
        #expect(ResidenceRules().duplicateFinder(for: Dwelling.recordType) == nil)
    }
}

/// As much of a person as is compared.
private struct Sketch {
    var name = ""
    var born = 0
    var document = DocumentType.passport
    var number = ""
    var phones: [String] = []

    var fields: FieldMap {
        Person {
            $0.name = name
            $0.birthDate = Int32(born)
            $0.documentType = document
            $0.documentNumber = number
            $0.phones = phones
        }.fieldMap
    }

    /// A person whose number differs from all others' in three places, and cannot become another's
    /// by a shift: the index stands in it three times, behind three letters.
    static func unlikeAnyOther(_ index: Int) -> Sketch {
        let digits = String(100_000 + index).dropFirst()
        return Sketch(
            name: "人\(index % 4_000)",
            born: (1950 + index / 4_000) * 10_000 + 101,
            number: "A\(digits)B\(digits)C\(digits)",
            phones: ["138\(10_000_000 + index)"]
        )
    }

    /// Becomes like another in one of five ways, and says in which respect.
    mutating func resemble(_ other: Sketch, inWay way: Int) -> DuplicatePair.Reason {
        var characters = Array(other.number)
        switch way % 5 {
        case 0: characters[3] = "Z"
        case 1: characters.swapAt(0, 12)
        case 2: characters.remove(at: 0)
        case 3:
            (name, born) = (other.name, other.born)
            return .nameAndBirthDate
        default:
            phones = other.phones
            return .phone
        }
        number = String(characters)
        return .documentNumber
    }
}

private func pairs(_ people: [Sketch], limit: Int = 100) -> [DuplicatePair] {
    pairs(of: people.enumerated().map { (id($0), $1.fields) }, limit: limit)
}

private func pairs(of cards: [(RecordID, FieldMap)], limit: Int) -> [DuplicatePair] {
    var finder = PersonDuplicates()
    for (id, fields) in cards { finder.add(id, fields) }
    return finder.pairs(limit: limit)
}

private func pair(
    _ one: Int,
    _ other: Int,
    _ reasons: DuplicatePair.Reason...
) -> DuplicatePair {
    DuplicatePair(id(one), id(other), reasons: Set(reasons))
}

/// Ids in the order of their numbers.
private func id(_ number: Int) -> RecordID {
    let start = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
    return RecordID(derivedFrom: start + [UInt8](repeating: 0, count: 12))
}
