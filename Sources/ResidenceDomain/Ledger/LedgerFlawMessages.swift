extension LedgerFlaw {
    /// What is wrong and what to do about it, in Chinese.
    func message(column: String) -> String {
        switch self {
        case .columnsMissing: "本行的列数比表头少，可能被截断或换行有误；请对照原始登记补全各列。"
        case .columnsSurplus: "本行的列数比表头多，可能是内容中的逗号没有用引号括起；请把多出的内容归入原来的列。"
        case .textGarbled: "“\(column)”中有无法识别的乱码；请重新填写该列。"
        case .nameMissing, .sexMissing, .documentKindMissing, .documentNumberMissing,
            .areaMissing, .addressMissing, .dwellingKindMissing, .reportedOnMissing:
            "缺少“\(column)”；请补填后重新导入。"
        case .sexInvalid: "“\(column)”应填“男”或“女”；请改正。"
        case .documentNumberRounded: "证件号码被表格软件改成了科学计数，后几位已丢失；请把该列设为文本，按证件重新填写。"
        case .idLength: "居民身份证号应为 18 位；请核对证件，补全或删去多余的字符。"
        case .idObsolete15Digits: "15 位身份证号已停止使用；请按现行证件填写 18 位号码。"
        case .idBirthDate: "身份证号中的出生日期不存在；请核对证件第 7 至 14 位。"
        case .idChecksum: "身份证号的校验码不符，可能有一位抄错；请核对证件后重新填写。"
        case .documentInvalid: "证件号码与证件类型的编号规则不符；请核对证件类型和号码。"
        case .sexContradictsID: "性别与身份证号第 17 位不一致；请核对证件，改正性别或号码。"
        case .birthDateContradictsID: "出生日期与证件号码中的日期不一致；请核对证件后改正。"
        case .areaUnknown: "“\(column)”不是本市的乡镇、街道或其下的村（社区）代码；请填写 9 位或 12 位区划代码。"
        case .phoneInvalid: "“\(column)”不是有效的电话号码；请填写 11 位手机号，或带区号的固定电话。"
        case .dateInvalid: "“\(column)”不是有效的日期；请按 2026-04-05 的格式填写实际存在的日期。"
        case .reportedBeforeArrival: "申报日期早于来本地日期；请核对这两个日期。"
        }
    }

    /// What is wrong and what to do about it, in English.
    func english(column: String) -> String {
        switch self {
        case .columnsMissing: "The row has fewer cells than the header; complete it."
        case .columnsSurplus:
            "The row has more cells than the header, as an unquoted comma makes them; "
                + "put the text back into its column."
        case .textGarbled: "\(column) holds bytes that are no text; enter it again."
        case .nameMissing, .sexMissing, .documentKindMissing, .documentNumberMissing,
            .areaMissing, .addressMissing, .dwellingKindMissing, .reportedOnMissing:
            "\(column) is missing; fill it in."
        case .sexInvalid: "\(column) must be 男 or 女."
        case .documentNumberRounded:
            "A spreadsheet rounded the document number and lost its last digits; "
                + "format the column as text and enter the number again."
        case .idLength: "A resident identity number has 18 characters; check the card."
        case .idObsolete15Digits:
            "Identity numbers of 15 digits are no longer valid; enter the 18 of the present card."
        case .idBirthDate:
            "The identity number's birth date does not exist; check characters 7 to 14."
        case .idChecksum:
            "The identity number's check character does not fit; check the card for a slip."
        case .documentInvalid:
            "The number does not have the shape of its kind of document; check both."
        case .sexContradictsID:
            "The sex is not the one that the identity number's 17th digit tells; check the card."
        case .birthDateContradictsID:
            "The birth date is not the one in the document number; check the document."
        case .areaUnknown:
            "\(column) is no township of this city, nor a village in one; "
                + "enter a code of 9 or 12 digits."
        case .phoneInvalid:
            "\(column) is not a telephone number; enter a mobile number of 11 digits, or a "
                + "landline with its area code."
        case .dateInvalid: "\(column) is not a date; enter a real day as 2026-04-05."
        case .reportedBeforeArrival:
            "The day of reporting lies before the day of arrival; check both."
        }
    }
}
