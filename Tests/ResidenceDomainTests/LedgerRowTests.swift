import ResidenceDomain
import Testing

@Suite struct LedgerRowTests {
    @Test func `an acceptable row gives normalized values`() throws {
        let entry = try #require(try SampleRow().read()?.entry)

        #expect(entry.row == 2)
        #expect(entry.name == "李雷")
        #expect(entry.sex == .female)
        #expect(entry.ethnicity == CodedValue(code: 1))
        #expect(entry.documentKind == .residentID)
        #expect(entry.documentNumber == "11010519491231002X")
        #expect(entry.birthDate?.rawValue == 1949_12_31)
        #expect(entry.education?.code == 70)
        #expect(entry.maritalStatus?.code == 20)
        #expect(entry.politicalStatus == nil)
        #expect(entry.originCounty == "340111")
        #expect(entry.areaCode == "330902002")
        #expect(entry.dwellingKind == CodedValue(code: 1))
        #expect(entry.landlordPhone == "13800138001")
        #expect(entry.phones == ["13800138000"])
        #expect(entry.reason?.code == 1)
        #expect(entry.arrivedOn?.rawValue == 2026_04_05)
        #expect(entry.reportedOn.rawValue == 2026_04_12)
    }

    @Test func `spelling alone makes no difference`() throws {
        var typed = SampleRow()
        typed["姓名"] = " 李　雷　"
        typed["性别"] = "女 "
        typed["民族"] = "汉"
        typed["证件类型"] = "身份证"
        typed["证件号码"] = "１１０１０５ 19491231 002x"
        typed["现居住地区划"] = "330902002000"
        typed["现居住地址"] = "昌洲大道１号"
        typed["房东电话"] = "138-0013-8001"
        typed["联系电话"] = "+86 13800138000"
        typed["来本地日期"] = "2026年4月5日"
        typed["申报日期"] = "２０２６/4/12"
        typed["备注"] = "无".replacing("无", with: " ")

        #expect(try typed.read() == SampleRow().read())
    }

    @Test(arguments: [
        ("姓名", " ", "name_missing"), ("性别", "", "sex_missing"), ("性别", "不详", "sex_invalid"),
        ("性别", "男", "sex_contradicts_id"), ("证件类型", "", "document_type_missing"),
        ("证件号码", "", "document_number_missing"), ("证件号码", "1.10105E+17", "document_number_rounded"),
        ("证件号码", "110105", "id_length"), ("证件类型", "护照", "document_invalid"),
        ("现居住地区划", "", "area_missing"), ("现居住地区划", "330902", "area_unknown"),
        ("现居住地址", "　", "address_missing"), ("住所类型", "", "dwelling_kind_missing"),
        ("房东电话", "138001", "phone_invalid"), ("联系电话", "138001", "phone_invalid"),
        ("来本地日期", "2026-13-40", "date_invalid"), ("申报日期", "2026-02-30", "date_invalid"),
        ("申报日期", "", "reported_on_missing"), ("申报日期", "2026-04-04", "reported_before_arrival"),
        ("出生日期", "1950-01-01", "birth_date_contradicts_id"),
    ])
    func `a defect is told by its code and its column`(
        heading: String,
        text: String,
        code: String
    ) throws {
        let defect = try #require(try SampleRow(heading, text).read()?.defect)

        #expect(defect.code == code)
        #expect(LedgerFlaw(rawValue: code) != nil)
        #expect(defect.row == 2)
        // A wrong kind of document shows at its number.
        #expect(defect.column == (code == "document_invalid" ? "证件号码" : heading))
    }

    @Test func `a row has one defect, the first from left to right`() throws {
        var sample = SampleRow("申报日期", "")
        sample["现居住地区划"] = "0"
        #expect(try sample.read()?.defect?.code == "area_unknown")

        sample["姓名"] = ""
        #expect(try sample.read()?.defect?.code == "name_missing")
    }

    @Test func `a code that no table lists is kept as text`() throws {
        var sample = SampleRow("住所类型", "集装箱")
        sample["文化程度"] = "夜校"
        sample["居住事由"] = "养老"

        let entry = try #require(try sample.read()?.entry)

        #expect(entry.dwellingKind == CodedValue(code: 99, text: "集装箱"))
        #expect(entry.education == CodedValue(code: 99, text: "夜校"))
        #expect(entry.reason == CodedValue(code: 99, text: "养老"))
    }

    @Test func `a document that no table lists is kept by its name`() throws {
        var sample = SampleRow("证件类型", "海员证")
        sample["证件号码"] = "a-1234567"
        sample["出生日期"] = "1990年1月2日"

        let entry = try #require(try sample.read()?.entry)

        #expect(entry.documentKind == .other)
        #expect(entry.documentKindText == "海员证")
        #expect(entry.documentNumber == "A1234567")
        #expect(entry.birthDate?.rawValue == 1990_01_02)
    }

    @Test(arguments: ["无", "/", "-", "——", ""])
    func `what may be left out may be struck out`(nothing: String) throws {
        var sample = SampleRow("房东电话", nothing)
        sample["联系电话"] = nothing
        sample["房东姓名"] = nothing
        sample["来本地日期"] = nothing

        let entry = try #require(try sample.read()?.entry)

        #expect(entry.landlordPhone.isEmpty && entry.landlordName.isEmpty && entry.phones.isEmpty)
        #expect(entry.arrivedOn == nil)
    }

    @Test(arguments: ["'11010519491231002X", "=\"11010519491231002X\"", "\t11010519491231002X"])
    func `what keeps a spreadsheet from rounding a number is no part of it`(cell: String) throws {
        #expect(try SampleRow("证件号码", cell).read() == SampleRow().read())
    }

    @Test func `a landlord's further numbers are kept in the remark`() throws {
        let entry = try #require(
            try SampleRow("房东电话", "13800138001/0580-2036789").read()?.entry
        )

        #expect(entry.landlordPhone == "13800138001")
        #expect(entry.remark == "房东电话：0580-2036789")
    }

    @Test func `names of several parts have one kind of dot`() throws {
        #expect(try SampleRow("姓名", "阿依古丽•买买提").read()?.entry?.name == "阿依古丽·买买提")
        #expect(try SampleRow("姓名", "John  Q. Smith").read()?.entry?.name == "John Q. Smith")
    }

    @Test func `a county entered by name stays with the address`() throws {
        let entry = try #require(try SampleRow("户籍地区划", "安徽省合肥市").read()?.entry)

        #expect(entry.originCounty.isEmpty)
        #expect(entry.originAddress == "安徽省合肥市包河区某村1组")
    }

    @Test func `a comma that tore a cell in two is told, trailing commas are nothing`() throws {
        let sample = SampleRow()
        let text = sample.csv + sample.line + ",,\r\n" + sample.line + ",多余\r\n"

        #expect(try rows(text.utf8).map { $0.defect?.code } == [nil, nil, "columns_surplus"])
    }

    @Test func `garbled bytes refuse their row by the column they stand in`() throws {
        let sample = SampleRow()
        let cut = Array("昌洲大道".utf8.dropLast())
        let line = sample.line.split(separator: "昌洲大道1号")
        let bytes =
            Array(sample.csv.utf8) + Array(line[0].utf8) + cut + Array(line[1].utf8) + [0x0A]
            + Array(sample.line.utf8)

        let all = try rows(bytes)

        #expect(all.map { $0.defect?.code } == [nil, "text_garbled", nil])
        #expect(all[1].defect?.column == "现居住地址")
    }
}
