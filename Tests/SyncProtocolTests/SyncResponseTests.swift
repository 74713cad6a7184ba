import SyncProtocol
import Testing

struct SyncResponseTests {
    @Test("[W-03] an answer survives protobuf")
    func protobuf() throws {
        let read = try SyncResponse(Sample.response.encoded)
        let empty = try SyncResponse([])

        #expect(read == Sample.response)
        #expect(empty == SyncResponse())
    }

    @Test("[W-03] an answer in JSON says what the same answer in protobuf says")
    func json() {
        let json = String(decoding: Sample.response.json, as: UTF8.self)

        for part in [
            "\"epoch\":\"1767225600000\"", "\"highWater\":\"11\"", "\"more\":true",
            "\"code\":\"name_missing\"", "\"kind\":\"QUARANTINED\"", "\"areas\":[\"330206001001\"",
            "\"area\":\"330206001001\"", "\"name\":\"王芳\"", "\"backedUp\":\"6\"",
        ] {
            #expect(json.contains(part))
        }
    }

    @Test("[F-06] a record travels with its open conflicts, byte for byte")
    func recordCopies() throws {
        let read = try SyncResponse(Sample.response.encoded)

        let record = try #require(read.pages.first?.records.first)
        #expect(record.conflicts == [Sample.conflict])
        #expect(record.message == Sample.creation.fields.bytes)
        #expect(record.clock == Sample.noon + 2)
    }

    @Test func `a tombstone names its type and carries no field`() throws {
        let deleted = RecordCopy(
            id: Sample.record(2),
            type: 4,
            revision: Revision(rawValue: 6),
            message: Sample.creation.fields.bytes,
            isDeleted: true,
            clock: 7
        )
        var response = SyncResponse()
        response.pages = [AreaPage(area: Sample.area("33"), position: .start, floor: .start)]
        response.pages[0].records = [deleted]

        let read = try SyncResponse(response.encoded)

        let tombstone = try #require(read.pages.first?.records.first)
        #expect(tombstone.isDeleted)
        #expect(tombstone.type == 4)
        #expect(tombstone.message.isEmpty)
    }

    @Test("[W-01] a record of a type that nobody here knows, and unknown fields, travel on")
    func unknownRecords() throws {
        let message = handwritten { $0.append(field: 99, bytes: [0xFF, 0x00]) }
        var response = SyncResponse()
        response.pages = [AreaPage(area: Sample.area("33"), position: .start, floor: .start)]
        response.pages[0].records = [
            RecordCopy(
                id: Sample.record(2),
                type: 977,
                revision: Revision(rawValue: 1),
                message: message,
                isDeleted: false,
                clock: -1
            )
        ]

        let read = try SyncResponse(response.encoded)

        #expect(read == response)
    }

    @Test func `an answer cut anywhere is refused, or is another answer, and never crashes`() {
        let response = Sample.response
        let whole = response.encoded

        let same = (0..<whole.count).filter { length in
            (try? SyncResponse(Array(whole.prefix(length)))) == response
        }

        #expect(same.isEmpty)
    }

    @Test func `a page without an area, and a record without an id, are refused`() {
        let page = handwritten { $0.append(varint: 4, as: 2) }
        let body = handwritten { $0.append(field: 1, bytes: [UInt8]()) }
        let record = handwritten { $0.append(field: 3, bytes: body) }
        let areaPage = handwritten {
            $0.append(field: 1, bytes: Array("33".utf8))
            $0.append(field: 4, bytes: record)
        }

        for page in [page, areaPage] {
            let answer = handwritten { $0.append(field: 5, bytes: page) }
            let error = #expect(throws: SyncError.self) { try SyncResponse(answer) }
            #expect(error?.code.rawValue == "protobuf_malformed")
        }
    }
}
