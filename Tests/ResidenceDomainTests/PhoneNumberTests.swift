import ResidenceDomain
import Testing

@Suite struct PhoneNumberTests {
    @Test(arguments: [
        ("13800138000", "13800138000"), ("138-0013-8000", "13800138000"),
        ("138 0013 8000", "13800138000"), ("１３８００１３８０００", "13800138000"),
        ("+86 138 0013 8000", "13800138000"), ("+86-13800138000", "13800138000"),
        ("008613800138000", "13800138000"), ("8613800138000", "13800138000"),
        ("0580-2036789", "0580-2036789"), ("05802036789", "0580-2036789"),
        ("(0580)2036789", "0580-2036789"), ("（0580）203 6789", "0580-2036789"),
        ("+86 580 2036789", "0580-2036789"), ("021-58881234", "021-58881234"),
        ("010 8888 1234", "010-88881234"), ("0580-2036789-801", "0580-2036789-801"),
        ("0580-2036789-1", "0580-2036789-1"), ("0580-2036789转801", "0580-2036789-801"),
        ("0571-88881234", "0571-88881234"), ("+852 9123 4567", "+85291234567"),
        ("00853-66123456", "+85366123456"),
    ])
    func `every spelling of a number gives one text`(text: String, normal: String) {
        #expect(PhoneNumber.normalized(text) == normal)
        #expect(PhoneNumber.normalized(normal) == normal)
    }

    @Test(arguments: [
        "", "138001", "12800138000", "1380013800", "138001380001", "2036789", "0580-203678",
        "010-2036789", "0580-12036789", "电话", "13800138000a", "+", "+86", "0000", "----",
        "0580-2036789-1234567",
    ])
    func `what is no number is refused`(text: String) {
        #expect(PhoneNumber.normalized(text) == nil)
    }

    @Test(arguments: ["、", "/", ",", "，", ";", "；", " ", "\n", " / ", "／"])
    func `a cell may hold several numbers`(divider: String) {
        let cell = "13800138000\(divider)0580-2036789\(divider)138-0013-8000"

        #expect(PhoneNumber.list(cell) == ["13800138000", "0580-2036789"])
    }

    @Test func `numbers with spaces inside are told apart`() {
        #expect(
            PhoneNumber.list("138 0013 8000 0580 2036789") == ["13800138000", "0580-2036789"]
        )
    }

    @Test func `an empty cell holds no number, and one bad number spoils the cell`() {
        #expect(PhoneNumber.list("") == [])
        #expect(PhoneNumber.list(" \u{3000}") == [])
        #expect(PhoneNumber.list("13800138000、138001") == nil)
    }
}
