extension CodeTables {
    /// The ethnicities 民族 of GB/T 3304, each with and without 族.
    ///
    /// 97 stands for people whose ethnicity has not been identified, and for whatever else is
    /// entered; 98 for foreigners who became citizens, and for foreigners.
    public static let ethnicity = CodeTable(
        "民族",
        standard: "GB/T 3304",
        other: 97,
        peoples.enumerated().map { place, people in
            let name = people.chinese
            let whole = name + "族"
            return .init(place + 1, whole, people.english, [name])
        } + [
            .init(97, "其他", "other", ["其它", "未识别民族", "未识别"]),
            .init(98, "外国血统中国籍人士", "foreign", ["外国血统", "外国", "外国人", "外籍", "入籍"]),
        ]
    )

    /// The 56 peoples in the standard's order, which is their code.
    private static let peoples: [(chinese: String, english: String)] = [
        ("汉", "Han"), ("蒙古", "Mongol"), ("回", "Hui"), ("藏", "Zang"),
        ("维吾尔", "Uygur"), ("苗", "Miao"), ("彝", "Yi"), ("壮", "Zhuang"),
        ("布依", "Buyei"), ("朝鲜", "Chosen"), ("满", "Man"), ("侗", "Dong"),
        ("瑶", "Yao"), ("白", "Bai"), ("土家", "Tujia"), ("哈尼", "Hani"),
        ("哈萨克", "Kazak"), ("傣", "Dai"), ("黎", "Li"), ("傈僳", "Lisu"),
        ("佤", "Va"), ("畲", "She"), ("高山", "Gaoshan"), ("拉祜", "Lahu"),
        ("水", "Sui"), ("东乡", "Dongxiang"), ("纳西", "Naxi"), ("景颇", "Jingpo"),
        ("柯尔克孜", "Kirgiz"), ("土", "Tu"), ("达斡尔", "Daur"), ("仫佬", "Mulao"),
        ("羌", "Qiang"), ("布朗", "Blang"), ("撒拉", "Salar"), ("毛南", "Maonan"),
        ("仡佬", "Gelao"), ("锡伯", "Xibe"), ("阿昌", "Achang"), ("普米", "Pumi"),
        ("塔吉克", "Tajik"), ("怒", "Nu"), ("乌孜别克", "Uzbek"), ("俄罗斯", "Russ"),
        ("鄂温克", "Ewenki"), ("德昂", "Deang"), ("保安", "Bonan"), ("裕固", "Yugur"),
        ("京", "Gin"), ("塔塔尔", "Tatar"), ("独龙", "Derung"), ("鄂伦春", "Oroqen"),
        ("赫哲", "Hezhen"), ("门巴", "Monba"), ("珞巴", "Lhoba"), ("基诺", "Jino"),
    ]
}
