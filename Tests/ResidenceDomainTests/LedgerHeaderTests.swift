import ResidenceDomain
import Testing

@Suite struct LedgerHeaderTests {
    @Test func `columns may stand in any order`() throws {
        var turned = SampleRow()
        turned.cells.reverse()

        #expect(try turned.read() == SampleRow().read())
        #expect(try turned.read()?.entry != nil)
    }

    @Test(arguments: LedgerColumn.required)
    func `a missing column that every row needs is one error that names it`(
        column: LedgerColumn
    ) throws {
        var sample = SampleRow()
        sample.cells.removeAll { $0.heading == column.heading }

        let error = #expect(throws: LedgerError.self) { try sample.read() }

        #expect(error?.code == .columnMissing)
        #expect(error?.message.contains(column.heading) == true)
    }

    @Test func `all missing columns are named at once`() throws {
        let error = #expect(throws: LedgerError.self) { try rows("姓名,性别,民族\n李雷,男,汉\n".utf8) }

        #expect(error?.message.contains("证件类型、证件号码") == true)
    }

    @Test func `a missing column that a row may lack is no error`() throws {
        var sample = SampleRow()
        sample.cells.removeAll { ["备注", "房东电话", "民族"].contains($0.heading) }

        let entry = try #require(try sample.read()?.entry)

        #expect(entry.ethnicity == nil)
        #expect(entry.landlordPhone.isEmpty)
    }

    @Test func `a column that stands there twice is one error that names it`() throws {
        var sample = SampleRow()
        sample.cells.append(("身份证号", "11010519491231002X"))

        let error = #expect(throws: LedgerError.self) { try sample.read() }

        #expect(error?.code == .columnRepeated)
        #expect(error?.message.contains("证件号码") == true)
    }

    @Test func `unknown columns are passed over, even twice`() throws {
        var sample = SampleRow()
        sample.cells.insert(("网格", "3"), at: 0)
        sample.cells.append(("网格", "4"))
        sample.cells.append(("", ""))

        #expect(try sample.read()?.entry == SampleRow().read()?.entry)
    }

    @Test(arguments: [
        (" 姓　名 ", LedgerColumn.name), ("*姓名", .name), ("姓名（必填）", .name), ("Name", .name),
        ("村（社区）", .village), ("身份证号码", .documentNumber), ("ID Number", .documentNumber),
        ("document_type", .documentKind), ("暂住地址", .address), ("工作单位", .employer),
        ("登记日期", .reportedOn), ("\u{FEFF}序号", .serial), ("手机号码", .phones),
    ])
    func `a heading may be spelled as stations do`(heading: String, column: LedgerColumn) {
        #expect(LedgerColumn(heading: heading) == column)
    }

    @Test(arguments: LedgerColumn.allCases)
    func `a column's own heading means that column`(column: LedgerColumn) {
        #expect(LedgerColumn(heading: column.heading) == column)
    }

    @Test func `titles above the header are passed over, and counted as rows`() throws {
        let text = "某某街道流动人口台账,,,\r\n填报单位：某某站,,,\r\n" + SampleRow().csv

        let entry = try #require(try rows(text.utf8).first?.entry)

        #expect(entry.row == 4)
    }

    @Test func `rows without any text are passed over, and counted as rows`() throws {
        let sample = SampleRow()
        let text = sample.csv + ",,,\r\n\r\n , \r\n" + sample.line

        #expect(try rows(text.utf8).map { $0.entry?.row } == [2, 6])
    }
}
