extension LedgerColumn {
    /// The column's own heading, and others that stations use for it, in Chinese and English.
    var headings: [String] {
        switch self {
        case .serial: ["序号", "编号", "序", "no", "no.", "serial", "number"]
        case .name: ["姓名", "名字", "人员姓名", "流动人口姓名", "name", "full name"]
        case .sex: ["性别", "sex", "gender"]
        case .ethnicity: ["民族", "民族名称", "ethnicity", "ethnic group"]
        case .documentKind:
            ["证件类型", "证件种类", "证件名称", "证件类别", "document type", "document kind", "id type"]
        case .documentNumber:
            [
                "证件号码", "证件号", "身份证号", "身份证号码", "居民身份证号", "居民身份证号码", "公民身份号码", "身份证件号码",
                "document number", "document no", "document no.", "id number", "id no", "id no.",
            ]
        case .birthDate:
            ["出生日期", "出生年月日", "出生年月", "生日", "birth date", "date of birth", "birthday", "born on"]
        case .education: ["文化程度", "学历", "教育程度", "受教育程度", "education"]
        case .maritalStatus: ["婚姻状况", "婚姻", "婚姻情况", "婚否", "marital status", "marriage"]
        case .politicalStatus: ["政治面貌", "政治身份", "political status"]
        case .originCounty:
            [
                "户籍地区划", "户籍区划", "户籍地区划代码", "户籍地代码", "户籍地行政区划", "籍贯区划", "origin county",
                "origin code", "registered county",
            ]
        case .originAddress:
            [
                "户籍地址", "户籍地", "户籍住址", "户籍详细地址", "户口所在地", "户籍所在地", "origin address",
                "registered address",
            ]
        case .area:
            [
                "现居住地区划", "现住地区划", "居住地区划", "现居住地区划代码", "现居住地代码", "居住地区划代码", "所属区划", "area",
                "area code", "residence area",
            ]
        case .village:
            [
                "村(社区)", "村", "社区", "村社区", "村/社区", "村居", "居(村)委会", "村(居)委会", "所属社区", "village",
                "community",
            ]
        case .address:
            [
                "现居住地址", "现住址", "现住地址", "居住地址", "现居住地", "现居住地详细地址", "暂住地址", "address",
                "residence address",
            ]
        case .dwellingKind:
            [
                "住所类型", "住所类别", "居住处所", "居所类型", "住房类型", "居住类型", "居住方式", "dwelling", "dwelling kind",
                "dwelling type",
            ]
        case .landlordName: ["房东姓名", "房主姓名", "房东", "房主", "户主姓名", "landlord", "landlord name"]
        case .landlordPhone: ["房东电话", "房主电话", "房东联系电话", "房东手机", "房主联系电话", "landlord phone"]
        case .phones:
            [
                "联系电话", "电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "本人电话", "本人联系电话", "phone",
                "phones", "mobile", "telephone",
            ]
        case .reason: ["居住事由", "暂住事由", "来舟事由", "来本地事由", "居住原因", "流入原因", "事由", "reason"]
        case .employer:
            ["从业单位", "工作单位", "单位", "单位名称", "服务处所", "就业单位", "务工单位", "employer", "company"]
        case .arrivedOn:
            [
                "来本地日期", "来舟日期", "来本地时间", "到达日期", "来此日期", "来居住地日期", "流入日期", "arrived on",
                "arrival date", "arrived",
            ]
        case .reportedOn:
            [
                "申报日期", "登记日期", "申报时间", "登记时间", "申报登记日期", "填报日期", "reported on", "report date",
                "registered on", "reported",
            ]
        case .remark: ["备注", "备考", "说明", "备注说明", "remark", "remarks", "note", "notes"]
        }
    }
}
