internal import SyncProtocol

/// Field maps [W-01] and their canonical form [W-02], against what the protobuf library reads.
struct FieldsTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        guard let map = try? FieldMap(bytes) else { return }
        expect(map.bytes.count == bytes.count, "splitting loses no byte and adds none")
        expect(
            zip(map.numbers, map.numbers.dropFirst()).allSatisfy(<),
            "every number occurs once, and they ascend"
        )
        let again = try? FieldMap(map.bytes)
        expect(again == map && again?.numbers == map.numbers, "a map's bytes are the same map")
        expect(map.keeping(map.numbers) == map, "all fields kept are the map")
        expect(map.clearing(map.numbers).isEmpty, "all fields cleared are none")
        expect(FieldMap().merging(map) == map, "a map laid over nothing is itself")
        // More of them would only make the input slow.
        for number in map.numbers.prefix(8) { check(number, of: map) }

        check(Person.self, map)
        check(Dwelling.self, map)
        check(Registration.self, map)
        check(Employment.self, map)
        check(Schooling.self, map)
        check(Visit.self, map)
    }

    private func check(_ number: UInt32, of map: FieldMap) {
        let elements = map.elements(of: number)
        expect(map[number] == ArraySlice(elements.joined()), "a field is its elements")
        expect(map.value(of: number) != nil, "a field that is there has a value")
        let without = map.clearing([number])
        expect(without[number] == nil, "a field that was cleared is gone")
        expect(without.merging(map.keeping([number])) == map, "a field put back makes the map")
        let set = map.settingElements(elements, of: number)
        expect(
            set.settingElements(set.elements(of: number), of: number) == set,
            "a set's elements are a set already"
        )
        _ = (map.text(of: number), map.number(of: number), map.varints(of: number))
    }

    private func check<Record: RecordMessage>(_: Record.Type, _ map: FieldMap) {
        let type = Record.recordType
        guard let canonical = try? map.canonical(as: type) else { return }
        expect(
            (try? canonical.canonical(as: type)) == canonical,
            "the canonical form of a \(type.name) is canonical"
        )
        guard let message = try? Record(canonical) else {
            broken("the library reads a canonical \(type.name)")
        }
        expect(
            message.fieldMap == canonical,
            "the library reads a canonical \(type.name) as we do"
        )
        answer(canonical, type)
    }

    /// The server answers in JSON with whatever it accepted.
    private func answer(_ record: FieldMap, _ type: RecordType) {
        guard let id = RecordID(bytes: [UInt8](repeating: 7, count: 16)),
            let area = AreaCode("330902")
        else { return }
        var page = AreaPage(area: area, position: .start, floor: .start)
        page.records = [
            RecordCopy(
                id: id,
                type: type.number,
                revision: Revision(rawValue: 1),
                message: record.bytes,
                isDeleted: false,
                clock: 0
            )
        ]
        var response = SyncResponse()
        response.pages = [page]
        expect(!response.json.isEmpty, "an answer with any canonical record has a JSON form")
    }
}
