import ResidenceDomain
import Testing

@Suite struct DocumentNumberTests {
    @Test(arguments: [
        ("e28399950", DocumentKind.passport, "E28399950"),
        (" G 1234 5678 ", .passport, "G12345678"),
        ("Ｈ０１７３４５８８", .hongKongMacauPermit, "H01734588"),
        ("m12345678", .hongKongMacauPermit, "M12345678"),
        ("H0173458801", .hongKongMacauPermit, "H01734588"),
        ("28668891", .taiwanPermit, "28668891"),
        ("2866889101", .taiwanPermit, "28668891"),
        ("2866889101(B)", .taiwanPermit, "28668891"),
        ("usa110082010101", .foreignPermanentResident, "USA110082010101"),
        ("11010519491231002x", .residentID, "11010519491231002X"),
        ("海员证 A-1234567", .other, "海员证A1234567"),
    ])
    func `each kind has one spelling`(text: String, kind: DocumentKind, normal: String) throws {
        #expect(try DocumentNumber.normalized(text, kind: kind) == normal)
        #expect(try DocumentNumber.normalized(normal, kind: kind) == normal)
    }

    @Test(arguments: [
        ("E", DocumentKind.passport), ("ABCDEFGHI", .passport), ("E2839995号", .passport),
        ("K01734588", .hongKongMacauPermit), ("H0173458", .hongKongMacauPermit),
        ("H017345888", .hongKongMacauPermit), ("2866889", .taiwanPermit),
        ("286688911", .taiwanPermit), ("2866889101(BC)", .taiwanPermit),
        ("US1110082010101", .foreignPermanentResident),
        ("911084019491231002", .foreignPermanentResident), ("", .other), ("无", .other),
    ])
    func `another shape is an invalid document`(text: String, kind: DocumentKind) {
        let flaw = #expect(throws: DocumentNumber.Flaw.self) {
            try DocumentNumber.normalized(text, kind: kind)
        }

        #expect(flaw?.code == "document_invalid")
    }

    @Test func `a resident identity number keeps its own codes`() {
        let flaw = #expect(throws: DocumentNumber.Flaw.self) {
            try DocumentNumber.normalized("110105491231002", kind: .residentID)
        }

        #expect(flaw?.code == "id_obsolete_15_digits")
    }

    @Test func `a foreign resident's newer number carries the birth date, but no sex`() throws {
        let digits = "91184019900102003"
        let check = try #require(IdentityNumber.checkCharacter(of: digits))

        let number = try DocumentNumber.normalized(
            digits + String(check),
            kind: .foreignPermanentResident
        )
        let facts = DocumentFacts(number: number, kind: .foreignPermanentResident)

        #expect(facts.birthDate == CalendarDate(year: 1990, month: 1, day: 2))
        #expect(facts.sex == nil)
    }

    @Test func `what is not entered contradicts nothing`() {
        let facts = DocumentFacts(number: "11010519491231002X", kind: .residentID)

        #expect(facts.contradict(sex: .male))
        #expect(!facts.contradict(sex: .female))
        #expect(!facts.contradict(sex: nil))
        #expect(facts.contradict(birthDate: CalendarDate(year: 1949, month: 12, day: 30)))
        #expect(!facts.contradict(birthDate: nil))
        #expect(!DocumentFacts(number: "E28399950", kind: .passport).contradict(sex: .male))
    }
}
