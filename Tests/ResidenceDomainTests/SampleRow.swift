import ResidenceDomain

/// An acceptable row of a ledger, by heading, to be changed in one place or another.
struct SampleRow {
    var cells: [(heading: String, text: String)] = [
        ("姓名", "李雷"), ("性别", "男"), ("民族", "汉族"), ("证件类型", "居民身份证"),
        ("证件号码", "11010519491231002X"), ("文化程度", "初中"), ("婚姻状况", "有配偶"),
        ("户籍地区划", "340111"), ("户籍地址", "包河区某村1组"), ("现居住地区划", "330902002"),
        ("村(社区)", "东门社区"), ("现居住地址", "昌洲大道1号"), ("住所类型", "租赁房屋"),
        ("房东姓名", "韩梅"), ("房东电话", "13800138001"), ("联系电话", "13800138000"),
        ("居住事由", "务工"), ("从业单位", "某某船厂"), ("来本地日期", "2026-04-05"),
        ("申报日期", "2026-04-12"), ("备注", ""),
    ]

    init() {
        // The number is GB 11643's own example, and a woman's.
        self["性别"] = "女"
    }

    init(_ heading: String, _ text: String) {
        self.init()
        self[heading] = text
    }

    subscript(heading: String) -> String {
        get { cells.first { $0.heading == heading }?.text ?? "" }
        set {
            guard let place = cells.firstIndex(where: { $0.heading == heading }) else {
                cells.append((heading, newValue))
                return
            }
            cells[place].text = newValue
        }
    }

    /// The row under its header, with every cell in quotation marks.
    var csv: String { header + "\r\n" + line + "\r\n" }
    var header: String { cells.map(\.heading).joined(separator: ",") }
    var line: String {
        cells.map { "\"" + $0.text.replacing("\"", with: "\"\"") + "\"" }.joined(separator: ",")
    }

    /// What a ledger with nothing but this row comes to.
    func read() throws -> LedgerRow? {
        try rows(csv.utf8).first
    }
}
