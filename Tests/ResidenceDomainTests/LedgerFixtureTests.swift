import ResidenceDomain
import Testing

@Suite struct LedgerFixtureTests {
    @Test(arguments: Fixture.allCases)
    func `a ledger comes to exactly the expected rows, people and defects`(
        fixture: Fixture
    ) throws {
        let expected = try Fixture.expected()

        let reader = try LedgerReader(path: fixture.path)
        var people: Set<String> = []
        var accepted = 0
        var defects: [String: String] = [:]
        while let row = try reader.next() {
            switch row {
            case .accepted(let entry):
                accepted += 1
                people.insert("\(entry.documentKind.rawValue) \(entry.documentNumber)")
            case .refused(let defect): defects["\(defect.row)"] = defect.code
            }
        }

        #expect(reader.rows == expected.rows)
        #expect(reader.refusedRows == expected.defects.count)
        #expect(reader.fractionRead == 1)
        #expect(accepted == expected.acceptedRows)
        #expect(people.count == expected.people)
        #expect(defects == expected.defects)
    }

    @Test func `the encoding makes no difference`() throws {
        #expect(try rows(path: Fixture.utf8.path) == rows(path: Fixture.gb18030.path))
    }

    @Test func `no text about a row tells who it is about`() throws {
        let all = try rows(path: Fixture.utf8.path)

        for defect in all.compactMap(\.defect) {
            let text = defect.message + defect.english + "\(defect)" + String(reflecting: defect)
            let identifying = [1, 5, 9, 12, 13, 15, 16].compactMap { place in
                place < defect.cells.count ? defect.cells[place] : nil
            }
            #expect(identifying.allSatisfy { $0.isEmpty || !text.contains($0) })
            #expect(!defect.message.isEmpty && !defect.english.isEmpty)
        }
        for entry in all.compactMap(\.entry) {
            let text = "\(entry)" + String(reflecting: entry)
            #expect(!text.contains(entry.name) && !text.contains(entry.documentNumber))
        }
    }

    @Test func `a remark keeps its line ends and quotation marks`() throws {
        let remarks = try rows(path: Fixture.gb18030.path).compactMap(\.entry?.remark)

        #expect(remarks.contains("房东说\"下月搬走\",待核实\n需回访"))
    }
}
