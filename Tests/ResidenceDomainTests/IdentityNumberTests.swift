import ResidenceDomain
import Testing

@Suite struct IdentityNumberTests {
    @Test func `a number tells the birth date, the sex and the county`() throws {
        let number = try IdentityNumber("11010519491231002X")

        #expect(number.birthDate == CalendarDate(year: 1949, month: 12, day: 31))
        #expect(number.sex == .female)
        #expect(number.countyCode == "110105")
    }

    @Test func `a lower-case x is spelling, not a defect`() throws {
        #expect(try IdentityNumber("11010519491231002x").text == "11010519491231002X")
    }

    @Test(arguments: [
        "１１０１０５１９４９１２３１００２Ｘ", " 110105 19491231 002X ", "110105-19491231-002x",
        "11010519491231002Ⅹ", "\u{3000}11010519491231002X\t",
    ])
    func `every spelling of a number gives the same text`(spelling: String) throws {
        #expect(try IdentityNumber(spelling).text == "11010519491231002X")
    }

    @Test(arguments: [
        ("1101051949123100", IdentityNumber.Flaw.length),
        ("1101051949123100212", .length),
        ("", .length),
        ("11010549123100", .length),
        ("110105491231002", .obsolete15Digits),
        ("110105194913320021", .birthDate),
        ("110105194902290026", .birthDate),
        ("110105194912310021", .checksum),
        ("11010519491231002A", .checksum),
        ("1101051949123I002X", .checksum),
    ])
    func `a flaw is told by its kind`(text: String, flaw: IdentityNumber.Flaw) {
        #expect(throws: flaw) { try IdentityNumber(text) }
    }

    @Test func `a county that no longer exists is no flaw`() throws {
        let digits = "99999919491231002"
        let check = try #require(IdentityNumber.checkCharacter(of: digits))

        let number = try IdentityNumber(digits + String(check))

        #expect(number.countyCode == "999999")
    }

    @Test func `the check character is known only of seventeen digits`() {
        #expect(IdentityNumber.checkCharacter(of: "11010519491231002") == "X")
        #expect(IdentityNumber.checkCharacter(of: "1101051949123100") == nil)
        #expect(IdentityNumber.checkCharacter(of: "1101051949123100X") == nil)
    }

    @Test func `a description does not show the number`() throws {
        let number = try IdentityNumber("11010519491231002X")

        #expect(!"\(number)".contains("1949"))
    }
}
