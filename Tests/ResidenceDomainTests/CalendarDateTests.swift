import ResidenceDomain
import Testing

@Suite struct CalendarDateTests {
    @Test(arguments: [
        "2026-04-05", "2026/4/5", "2026.4.5", "2026.04.05", "20260405", "2026年4月5日", "2026年04月05号",
        "２０２６－０４－０５", "２０２６年４月５日", " 2026-4-5 ", "\u{3000}2026/04/05\u{3000}",
        "2026/4/5 0:00", "2026-04-05 00:00:00", "2026-04-05T00:00:00", "2026 年 4 月 5 日", "2026年4月5",
    ])
    func `every spelling of a day is read`(text: String) {
        #expect(CalendarDate.parse(text)?.rawValue == 2026_04_05)
    }

    @Test(arguments: [
        "", "2026", "2026-04", "2026-02-30", "2026-13-40", "2025-02-29", "2100-02-29", "1899-12-31",
        "2101-01-01", "26-4-5", "2026-4/5", "2026--4-5", "-2026-4-5", "2026-04-05x", "20260405123",
        "2026年4月5日日", "2026-04-05 上午", "昨天", "45394", "2026 04 05", "2026-04-05 12", "20260405 1",
    ])
    func `what is no day is not read`(text: String) {
        #expect(CalendarDate.parse(text) == nil)
    }

    @Test func `days are in order and written in ISO form`() throws {
        let first = try #require(CalendarDate(year: 2026, month: 4, day: 5))
        let second = try #require(CalendarDate(rawValue: 2026_11_12))

        #expect(first < second)
        #expect(first.description == "2026-04-05")
        #expect(second.description == "2026-11-12")
        #expect(CalendarDate(rawValue: 2026_02_30) == nil)
        #expect(CalendarDate(rawValue: -1) == nil)
    }

    @Test func `days are counted across months, leap years and centuries`() throws {
        let leap = try #require(CalendarDate(year: 2024, month: 2, day: 28))
        let epoch = try #require(CalendarDate(year: 1970, month: 1, day: 1))

        #expect(leap.adding(days: 1).rawValue == 2024_02_29)
        #expect(leap.adding(days: 2).rawValue == 2024_03_01)
        #expect(leap.days(until: leap.adding(days: 180)) == 180)
        #expect(leap.adding(days: -59).rawValue == 2023_12_31)
        #expect(epoch.daysSince1970 == 0)
        #expect(CalendarDate.earliest.daysSince1970 == -25_567)
    }

    @Test func `every day of the range is its own number of days`() {
        var day = CalendarDate.earliest
        var count = 1
        while day < .latest {
            let next = day.adding(days: 1)
            guard day < next, day.days(until: next) == 1,
                CalendarDate(rawValue: next.rawValue) == next
            else {
                Issue.record("\(day) is followed by \(next)")
                return
            }
            day = next
            count += 1
        }

        #expect(count == 73_414)
    }

    @Test func `a sum beyond the range is the range's end`() {
        #expect(CalendarDate.latest.adding(days: 1) == .latest)
        #expect(CalendarDate.earliest.adding(days: -1) == .earliest)
        #expect(CalendarDate.latest.adding(days: .max) == .latest)
        #expect(CalendarDate.earliest.adding(days: .min) == .earliest)
    }
}
