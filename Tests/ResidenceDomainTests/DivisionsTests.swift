import ResidenceDomain
import Testing

@Suite struct DivisionsTests {
    let divisions = Divisions.embedded

    @Test func `a code has a name and a path`() {
        #expect(divisions.name(of: "330902002") == "昌国街道")
        #expect(divisions.path(of: "330902002") == "舟山市 定海区 昌国街道")
        #expect(divisions.path(of: "330902002001") == "舟山市 定海区 昌国街道")
        #expect(divisions.name(of: "340111") == "包河区")
        #expect(divisions.name(of: "330902999") == nil)
        #expect(divisions.path(of: "999999") == nil)
    }

    @Test func `the city's townships are known, in order`() {
        let codes = divisions.townships.map(\.code)

        #expect(codes.count == 36)
        #expect(codes == codes.sorted())
        #expect(codes.first == "330902002")
    }

    @Test(arguments: [
        ("330902002", true), ("330902002001", true), ("330902002000", true),
        ("3309", false), ("330902", false), ("330902999", false), ("330902999001", false),
        ("340111", false), ("33090200", false), ("33090200200x", false), ("", false),
    ])
    func `people are registered in townships and in what lies under them`(
        code: String,
        isKnown: Bool
    ) {
        #expect(divisions.isKnownResidence(code) == isKnown)
    }

    @Test func `a padded township is the township`() {
        #expect(divisions.residence("330902002000") == "330902002")
        #expect(divisions.residence(" ３３０９０２００２ ") == "330902002")
        #expect(divisions.residence("330902002001") == "330902002001")
        #expect(divisions.residence("330902999000") == nil)
    }

    @Test func `a search puts exact names and this city first`() {
        #expect(divisions.search("昌国街道").map(\.code) == ["330902002"])
        #expect(divisions.search("普陀").first?.code == "330903")
        #expect(divisions.search("岱").first?.code.hasPrefix("3309") == true)
        #expect(divisions.search("").isEmpty)
        #expect(divisions.search("没有的地方").isEmpty)
    }

    @Test func `a newer table can be given as text`() {
        let newer = Divisions(
            city:
                "code,name,level,parent\r\n330902,定海区,county,3309\r\n330902777,新镇,township,330902\r\n",
            counties: "code,name\n330902,旧名\n"
        )

        #expect(newer.isKnownResidence("330902777"))
        #expect(!newer.isKnownResidence("330902002"))
        #expect(newer.path(of: "330902777") == "定海区 新镇")
    }

    @Test func `codes that are newer than the table are known where somebody says so`() {
        let table = Divisions.embedded.knowing(["330902101", "3309", "330902102003"])

        #expect(table.isKnownResidence("330902101") && table.isKnownResidence("330902101004"))
        #expect(table.isKnownResidence("330902102"))
        #expect(!table.isKnownResidence("330902999"))
        #expect(!Divisions.embedded.isKnownResidence("330902101"))
    }
}
