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
            ("，ꙀA", ",ꙁa"), ("！＠［｀｛～｟", "!@[`{~｟"), ("ＺｚＡ、。「」—…“Ⓐ”", "zza、。「」—…“ⓐ”"),
            ("ぁァ㈱", "ぁァ㈱"), ("龍，𝐀B", "龍,𝐀b"),
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

    @Test(
        "what is folded byte by byte is what Unicode folds, for every character and every damaged one"
    )
    func everyCharacter() {
        func searched(_ bytes: [UInt8]) -> String {
            var field: [UInt8] = [1 << 3 | 2, UInt8(bytes.count)]
            field += bytes
            let fields = try? FieldMap(field)
            return SearchText.searchable(fields ?? FieldMap(), as: Person.recordType)
        }
        for value in 0..<UInt32(0x3_0000) {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = String(Character(scalar))
            #expect(searched(Array(text.utf8)) == SearchText.folded(text))
        }
        for first in UInt8(0xC0)...0xFF {
            for second: UInt8 in [0x00, 0x41, 0x80, 0xBC, 0xBD, 0xE3, 0xEF] {
                let bytes = [first, second, 0x81, 0x42]
                let text = String(decoding: bytes, as: UTF8.self)
                #expect(searched(bytes) == SearchText.folded(text))
            }
        }
    }
}
