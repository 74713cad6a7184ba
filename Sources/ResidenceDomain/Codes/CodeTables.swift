/// The code tables of a residence record.
public enum CodeTables {
    /// Sex 性别, GB/T 2261.1; a record needs one of the two.
    public static let sex = CodeTable(
        "性别",
        standard: "GB/T 2261.1",
        other: nil,
        [
            .init(Sex.male.rawValue, "男", "male", ["男性", "M", "男士", "先生"]),
            .init(Sex.female.rawValue, "女", "female", ["女性", "F", "女士"]),
        ]
    )

    /// Education 文化程度, after GB/T 4658.
    public static let education = CodeTable(
        "文化程度",
        standard: "GB/T 4658",
        other: 99,
        [
            .init(10, "研究生", "postgraduate", ["硕士", "博士", "硕士研究生", "博士研究生", "研究生教育"]),
            .init(20, "大学本科", "bachelor", ["本科", "大学", "学士", "大学本科教育"]),
            .init(30, "大学专科", "junior college", ["大专", "专科", "高职", "大学专科教育"]),
            .init(
                40,
                "中专/中技",
                "secondary vocational",
                ["中专", "中技", "中职", "技校", "职高", "职业高中", "技工学校", "中等专业学校", "中等职业教育"]
            ),
            .init(60, "高中", "senior secondary", ["普通高中", "普通高级中学教育"]),
            .init(70, "初中", "junior secondary", ["初级中学", "初级中学教育"]),
            .init(80, "小学", "primary", ["小学教育"]),
            .init(
                90,
                "文盲或半文盲",
                "illiterate or semi-literate",
                ["文盲半文盲", "文盲", "半文盲", "文盲、半文盲", "文盲/半文盲", "未上学", "未上过学"]
            ),
            .init(99, "其他", "other", ["其它"]),
        ]
    )

    /// Marital status 婚姻状况, GB/T 2261.2; what it does not list is 90 with the text.
    public static let maritalStatus = CodeTable(
        "婚姻状况",
        standard: "GB/T 2261.2",
        other: 90,
        [
            .init(10, "未婚", "single", ["单身"]),
            .init(20, "有配偶", "married", ["已婚", "初婚", "再婚", "复婚", "21", "22", "23", "已婚有配偶"]),
            .init(30, "丧偶", "widowed"),
            .init(40, "离婚", "divorced", ["离异"]),
            .init(90, "未说明", "not stated", ["未说明的婚姻状况", "未知", "不详", "其他", "其它"]),
        ]
    )

    /// Political status 政治面貌, GB/T 4762, with 99 for what it does not list.
    public static let politicalStatus = CodeTable(
        "政治面貌",
        standard: "GB/T 4762",
        other: 99,
        [
            .init(1, "中共党员", "member of the Communist Party of China", ["中国共产党党员", "党员", "共产党员"]),
            .init(2, "中共预备党员", "probationary member of the CPC", ["中国共产党预备党员", "预备党员"]),
            .init(3, "共青团员", "member of the Communist Youth League", ["中国共产主义青年团团员", "团员"]),
            .init(4, "民革会员", "RCCK", ["民革", "民革党员", "中国国民党革命委员会会员"]),
            .init(5, "民盟盟员", "China Democratic League", ["民盟", "中国民主同盟盟员"]),
            .init(6, "民建会员", "CNDCA", ["民建", "中国民主建国会会员"]),
            .init(7, "民进会员", "CAPD", ["民进", "中国民主促进会会员"]),
            .init(8, "农工党党员", "CPWDP", ["农工党", "中国农工民主党党员"]),
            .init(9, "致公党党员", "China Zhi Gong Party", ["致公党", "中国致公党党员"]),
            .init(10, "九三学社社员", "Jiusan Society", ["九三", "九三学社"]),
            .init(11, "台盟盟员", "Taiwan Democratic Self-Government League", ["台盟"]),
            .init(12, "无党派民主人士", "independent", ["无党派人士", "无党派"]),
            .init(13, "群众", "none", ["普通居民", "普通公民", "无"]),
            .init(99, "其他", "other", ["其它"]),
        ]
    )

    /// Kinds of identity document 证件类型; the codes are ``DocumentKind``'s raw values.
    public static let documentKind = CodeTable(
        "证件类型",
        other: DocumentKind.other.rawValue,
        [
            .init(
                DocumentKind.residentID.rawValue,
                "居民身份证",
                "resident identity card",
                [
                    "身份证", "二代身份证", "第二代居民身份证", "二代证", "临时身份证", "临时居民身份证", "公民身份证", "ID", "ID card",
                    "111",
                ]
            ),
            .init(
                DocumentKind.passport.rawValue,
                "护照",
                "passport",
                ["普通护照", "外国护照", "中国护照", "414"]
            ),
            .init(
                DocumentKind.hongKongMacauPermit.rawValue,
                "港澳居民来往内地通行证",
                "mainland travel permit for Hong Kong and Macau residents",
                ["港澳通行证", "港澳居民通行证", "回乡证", "港澳来往内地通行证", "516"]
            ),
            .init(
                DocumentKind.taiwanPermit.rawValue,
                "台湾居民来往大陆通行证",
                "mainland travel permit for Taiwan residents",
                ["台胞证", "台湾通行证", "台湾居民通行证", "511"]
            ),
            .init(
                DocumentKind.foreignPermanentResident.rawValue,
                "外国人永久居留身份证",
                "foreign permanent resident identity card",
                ["外国人永久居留证", "永久居留证", "永久居留身份证", "永居证", "五星卡", "553"]
            ),
            .init(
                DocumentKind.other.rawValue,
                "其他证件",
                "other document",
                ["其他", "其它", "其它证件", "other"]
            ),
        ]
    )

    /// Kinds of dwelling 住所类型.
    public static let dwellingKind = CodeTable(
        "住所类型",
        other: 99,
        [
            .init(1, "租赁房屋", "rented", ["出租房", "租房", "租住", "租赁", "租赁房", "出租屋", "出租房屋", "租住房屋"]),
            .init(
                2,
                "单位集体宿舍",
                "employer dormitory",
                ["集体宿舍", "单位宿舍", "宿舍", "员工宿舍", "单位内部", "企业宿舍"]
            ),
            .init(3, "自购房", "owned", ["自有住房", "自购", "自有房", "自有房屋", "自购房屋", "自建房", "自购住房"]),
            .init(4, "工地工棚", "site hut", ["工地", "工棚", "工地现场", "工地宿舍"]),
            .init(5, "船上", "aboard", ["船舶", "渔船", "船"]),
            .init(
                6,
                "亲友家",
                "with relatives or friends",
                ["亲友家中", "居民家中", "亲戚家", "朋友家", "投亲靠友", "借住"]
            ),
            .init(99, "其他", "other", ["其它"]),
        ]
    )

    /// Reasons to live here 居住事由: the twelve that public security's registers ask for.
    public static let reason = CodeTable(
        "居住事由",
        other: 99,
        [
            .init(1, "务工", "work", ["打工", "工作", "上班", "就业"]),
            .init(2, "经商", "business", ["做生意", "个体经营", "创业"]),
            .init(3, "服务", "services", ["服务业"]),
            .init(4, "投靠亲友", "joining relatives or friends", ["投亲", "投靠", "投亲靠友", "随迁", "随亲"]),
            .init(
                5,
                "借读培训",
                "study or training",
                ["就读", "学习", "上学", "就学", "培训", "借读", "读书", "学习培训"]
            ),
            .init(6, "保姆", "domestic help", ["家政", "家政服务"]),
            .init(7, "务农", "farming", ["种植", "养殖", "农业"]),
            .init(8, "探亲访友", "visiting relatives or friends", ["探亲", "访友"]),
            .init(9, "因公出差", "on business for an employer", ["出差", "公务"]),
            .init(10, "治病疗养", "medical treatment", ["治病", "疗养", "就医", "看病"]),
            .init(11, "旅游观光", "tourism", ["旅游", "观光"]),
            .init(99, "其他", "other", ["其它"]),
        ]
    )
}
