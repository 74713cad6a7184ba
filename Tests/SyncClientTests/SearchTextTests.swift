import SyncClient
import SyncProtocol
import Testing

struct SearchTextTests {
    @Test(
        "what is searched is folded: capitals of any script, full-width letters and spaces",
        arguments: [
            ("张三", "张三"), ("Ｅ１２３４", "e1234"), ("渔港路　7号", "渔港路 7号"), ("LI Na", "li na"),
            ("É", "é"), ("Ж", "ж"), ("𝐀", "𝐀"), ("", ""), ("e1 张-三", "e1 张-三"),
            ("ＡＢ", "ab"), ("龥龦", "龥龦"), ("ǅ", "ǆ"),
            ("渔港路７号，Ａ座（东）、ｚ～。", "渔港路7号,a座(东)、z~。"), ("，Ж", ",ж"), ("￥，ﬀ", "￥,ﬀ"), ("〇㊀Ⅷ", "〇㊀ⅷ"),
            ("，ꙀA", ",ꙁa"), ("龍，𝐀B", "龍,𝐀b"),
        ]
    )
    func folds(text: String, folded: String) {
        #expect(SearchText.folded(text) == folded)
        // Among the others of a record, each is folded for itself; areas and what nobody knows are left out.
        let record = Person {
            $0.name = text
            $0.documentNumber = "E00000001"
            $0.phones = ["13957000001", "０５８０"]
            $0.capturedIn = ["330921101"]
        }
        let fields = record.fieldMap.setting(text: "明天的字段", of: 1_999)
        let lines = [folded, "e00000001", "13957000001", "0580"].filter { !$0.isEmpty }
        #expect(
            SearchText.searchable(fields, as: Person.recordType) == lines.joined(separator: "\n")
        )
    }
}
