internal import Foundation
internal import SyncProtocol

/// Times a million merges of a record whose every field has a value: `make measure-merge`.
@main
struct MeasureMerge {
    static func main() {
        guard let (standing, changes, authors) = sample() else { return }
        let type = Person.recordType
        let clock = ContinuousClock()
        for (name, author) in [("edits that nobody contests", 0), ("edits in conflict", 1)] {
            var merged = 0
            let took = clock.measure {
                for index in 0..<1_000_000 {
                    let result = merge(
                        changes[index & 1],
                        by: authors[author],
                        into: standing,
                        of: type,
                        epoch: Epoch(rawValue: 1)
                    )
                    if result.kind != .unchanged { merged += 1 }
                }
            }
            let line = "\(name): 1,000,000 merges in \(took), \(merged) changed the record\n"
            FileHandle.standardOutput.write(Data(line.utf8))
        }
    }

    /// A person of 20 fields, two edits of one field of it, its own author and another.
    private static func sample() -> (RecordState, [Change], [Author])? {
        guard let id = RecordID(bytes: [UInt8](repeating: 7, count: 16)),
            let mine = DeviceID(bytes: [UInt8](repeating: 1, count: 16)),
            let other = DeviceID(bytes: [UInt8](repeating: 2, count: 16))
        else { return nil }
        let type = Person.recordType
        let person = Person {
            $0.name = "陆勇涵"
            $0.sex = .female
            $0.documentType = .residentID
            $0.documentNumber = "34011119701005450X"
            $0.birthDate = 1970_10_05
            $0.ethnicity = .han
            $0.ethnicityText = "汉"
            $0.originCounty = "340111"
            $0.originAddress = "包河区海滨村8组"
            $0.education = .middleSchool
            $0.educationText = "初中"
            $0.maritalStatus = .married
            $0.politicalStatus = .none
            $0.phones = ["19918387388", "18787475538"]
            $0.capturedIn = ["330921101"]
            $0.photos = [Data(repeating: 9, count: 32)]
            $0.remark = "东沙镇昌洲大道148号"
            $0.documentText = "–"
            $0.maritalText = "–"
            $0.politicalText = "–"
        }
        var creation = Change(record: id, type: type.number, base: .none, observedAt: 1_000)
        creation.fields = person.fieldMap
        let authors = [Author(device: mine, name: "甲"), Author(device: other, name: "乙")]
        let standing = merge(
            creation,
            by: authors[0],
            into: nil,
            of: type,
            epoch: Epoch(rawValue: 1)
        ).record
        let edits = ["东沙镇文化路1号", "东沙镇人民路2号"].map { remark in
            var edit = Change(record: id, type: type.number, base: .none, observedAt: 2_000)
            edit.fields = Person { $0.remark = remark }.fieldMap
            return edit
        }
        return (standing, edits, authors)
    }
}
