internal import Chance
internal import Foundation
internal import ResidenceDomain
internal import SyncProtocol

/// People as coordinators in Zhoushan capture them, from a pinned seed.
///
/// Names, numbers and addresses are drawn one by one, so that they compress no better than real ones.
struct Corpus {
    /// How ids are ordered: derived from a document, or minted one after the other.
    enum Order: String, Codable, CaseIterable { case random, ordered }

    /// One captured person.
    struct Entry: Sendable {
        let id: RecordID
        /// The number of the area in which it is captured.
        let area: Int
        let fields: FieldMap
        /// The same as JSON, as its peers carry it.
        let json: [UInt8]
    }

    static let areas = [
        "330902001", "330902002", "330903101", "330903102", "330921101", "330921102", "330922100",
        "330922101",
    ]

    /// Villages of the real townships, as many as are needed.
    static func villages(_ count: Int) -> [String] {
        let towns = Divisions.embedded.townships.map(\.code)
        return (0..<count).map { index in
            towns[index % towns.count] + String(format: "%03d", index / towns.count + 1)
        }
    }

    let entries: [Entry]

    init(count: Int, order: Order, seed: UInt64 = 20_260_801) {
        var random = SplitMix64(seed: seed)
        entries = (0..<count).map { index in
            // Batches of 50 are dealt to the areas in turn: what is captured at one time has ids side by side.
            let area = index / 50 % Self.areas.count
            let id = Self.id(index, order, &random)
            return Self.entry(id, area, in: Self.areas[area], &random)
        }
    }

    /// People whom one coordinator captures in an area, with ids side by side.
    static func people(_ count: Int, in area: String, seed: UInt64) -> [Entry] {
        var random = SplitMix64(seed: seed)
        let first = Int(truncatingIfNeeded: random.next() >> 40)
        return (0..<count).map { index in
            let id = id(first + index, .ordered, &random)
            return entry(id, 0, in: area, &random)
        }
    }

    private static func id(
        _ index: Int,
        _ order: Order,
        _ random: inout SplitMix64
    ) -> RecordID {
        if order == .ordered {
            return RecordID.minted(at: 1_785_000_000_000 + Int64(index), using: &random)
        }
        var bytes = random.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        guard let id = RecordID(bytes: bytes) else { preconditionFailure("16 bytes are an id") }
        return id
    }

    private static func entry(
        _ id: RecordID,
        _ area: Int,
        in code: String,
        _ random: inout SplitMix64
    ) -> Entry {
        func one<Item>(of items: [Item]) -> Item { items[random.below(items.count)] }
        let isMale = random.below(2) == 1
        let birth = (1940 + random.below(66), 1 + random.below(12), 1 + random.below(28))
        let county = one(of: counties)
        let serial = random.below(50) * 20 + random.below(10) * 2 + (isMale ? 1 : 0)
        let digits = "\(county)\(birth.0)\(two(birth.1))\(two(birth.2))\(three(serial))"
        let number = digits + String(IdentityNumber.checkCharacter(of: digits) ?? "X")
        let name = one(of: surnames) + one(of: givenNames) + one(of: givenNames)
        let phone = "1\(3 + random.below(7))\(nine(random.below(1_000_000_000)))"
        let origin = "\(one(of: towns))\(one(of: villages))村\(1 + random.below(30))组"
        let address =
            "\(one(of: roads))\(1 + random.below(400))号\(1 + random.below(30))幢"
            + "\(1 + random.below(12))0\(1 + random.below(4))室"
        let remark = "\(one(of: notes))，住\(address)，\(one(of: trades))"
        let (education, married) = (one(of: educations), one(of: maritalStates))
        let person = Person {
            $0.name = name
            $0.sex = isMale ? .male : .female
            $0.documentType = .residentID
            $0.documentNumber = number
            $0.birthDate = Int32(birth.0 * 10_000 + birth.1 * 100 + birth.2)
            $0.ethnicity = .han
            $0.originCounty = county
            $0.originAddress = origin
            $0.education = education.value
            $0.maritalStatus = married.value
            $0.politicalStatus = .none
            $0.phones = [phone]
            $0.capturedIn = [code]
            $0.remark = remark
        }
        let json = """
            {"id":"\(id)","name":"\(name)","sex":"\(isMale ? "男" : "女")","document_type":"居民身份证",\
            "document_number":"\(number)","birth_date":\(person.birthDate),"ethnicity":"汉族",\
            "origin_county":"\(county)","origin_address":"\(origin)","education":"\(education.label)",\
            "marital_status":"\(married.label)","political_status":"群众","phones":["\(phone)"],\
            "captured_in":["\(code)"],"remark":"\(remark)"}
            """
        return Entry(id: id, area: area, fields: person.fieldMap, json: Array(json.utf8))
    }

    private static func two(_ number: Int) -> String { padded(number, 2) }
    private static func three(_ number: Int) -> String { padded(number, 3) }
    private static func nine(_ number: Int) -> String { padded(number, 9) }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static let surnames = characters("王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓冯程蔡彭潘袁于董余")
    private static let givenNames = characters(
        "伟芳娜敏静强磊洋艳勇军杰娟涛超明刚平辉玲桂英华文玉红建国志海燕晓东丽永康雪梅博子涵浩然佳怡宇轩水善庆波信素忠义渔生"
    )
    private static let counties = [
        "340111", "341222", "341503", "411522", "411723", "420683", "421122", "430524", "500101",
        "511523", "520326", "522401", "530602", "532128", "330902", "330921",
    ]
    private static let towns = ["海滨镇", "河口乡", "新集镇", "双庙乡", "石桥镇", "大河镇", "朱集乡", "胡家镇", "白果镇"]
    private static let villages = characters("东西南北上下前后大小新老高平张王李赵周吴林杨")
    private static let roads = [
        "环城东路", "解放西路", "人民中路", "海天大道", "滨港路", "东河路", "沙田湾路", "竹山路", "长乐弄", "渔民新村", "兴海路",
        "昌洲大道",
    ]
    private static let notes = [
        "渔船出海未归，家属代报", "与工友合租", "租期到年底", "新迁入", "本人外出务工，电话核实", "单位宿舍", "随子女居住", "资料齐全",
    ]
    private static let trades = [
        "船厂电焊工", "水产加工", "建筑工地", "餐饮服务", "快递配送", "渔业捕捞", "超市收银", "无业", "在读学生",
    ]
    private static let educations: [(value: Education, label: String)] = [
        (.primary, "小学"), (.middleSchool, "初中"), (.highSchool, "高中"), (.college, "大专"),
    ]
    private static let maritalStates: [(value: MaritalStatus, label: String)] = [
        (.single, "未婚"), (.married, "有配偶"), (.divorced, "离婚"),
    ]

    private static func characters(_ text: String) -> [String] { text.map { String($0) } }
}

extension Corpus {
    /// Writes the records as the C baseline reads them: key, area, length, JSON.
    func write(forBaseline file: URL) throws {
        var bytes = Data()
        for entry in entries {
            let payload = entry.json
            bytes.append(contentsOf: entry.id.bytes)
            let area = UInt32(Self.areas[entry.area].prefix(6)) ?? 0
            withUnsafeBytes(of: area.littleEndian) { bytes.append(contentsOf: $0) }
            withUnsafeBytes(of: UInt16(payload.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: payload)
        }
        try bytes.write(to: file)
    }
}
