import ResidenceDomain
import Testing

@Suite struct CodeTableTests {
    static let tables: [CodeTable] = [
        CodeTables.sex, CodeTables.ethnicity, CodeTables.education, CodeTables.maritalStatus,
        CodeTables.politicalStatus, CodeTables.documentKind, CodeTables.dwellingKind,
        CodeTables.reason,
    ]

    @Test(arguments: tables.indices)
    func `every spelling of a table leads to its own entry`(place: Int) {
        let table = Self.tables[place]

        for entry in table.entries {
            for label in [entry.chinese, entry.english, "\(entry.code)"] + entry.synonyms {
                #expect(table.code(for: label) == entry.code, "\(table.name) \(label)")
            }
            #expect(table.label(of: entry.code) == entry.chinese)
            #expect(table.englishLabel(of: entry.code) == entry.english)
        }
    }

    @Test func `there are 56 ethnicities, with and without their last character`() {
        let peoples = CodeTables.ethnicity.entries.filter { $0.code <= 56 }

        #expect(peoples.map(\.code) == Array(1...56))
        #expect(CodeTables.ethnicity.code(for: "汉") == 1)
        #expect(CodeTables.ethnicity.code(for: "汉族") == 1)
        #expect(CodeTables.ethnicity.code(for: "畲族") == 22)
        #expect(CodeTables.ethnicity.code(for: "基诺族") == 56)
        #expect(CodeTables.ethnicity.code(for: "05") == 5)
        #expect(CodeTables.ethnicity.label(of: 30) == "土族")
    }

    @Test func `what a table does not list is kept as text`() {
        #expect(CodeTables.ethnicity.value(" 穿青人 ") == CodedValue(code: 97, text: "穿青人"))
        #expect(CodeTables.maritalStatus.value("分居") == CodedValue(code: 90, text: "分居"))
        #expect(CodeTables.education.value("夜校")?.code == 99)
        #expect(CodeTables.education.value("") == nil)
        #expect(CodeTables.sex.value("未知") == nil)
        #expect(CodeTables.dwellingKind.label(of: CodedValue(code: 99, text: "集装箱")) == "集装箱")
        #expect(CodeTables.dwellingKind.label(of: CodedValue(code: 5)) == "船上")
    }

    @Test func `spaces, full-width characters and capitals are spelling`() {
        #expect(CodeTables.sex.code(for: " 男 ") == 1)
        #expect(CodeTables.sex.code(for: "Ｆ") == 2)
        #expect(CodeTables.documentKind.code(for: "id card") == DocumentKind.residentID.rawValue)
        #expect(CodeTables.education.code(for: "大 专") == 30)
    }
}
