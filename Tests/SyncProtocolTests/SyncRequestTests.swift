import Chance
import SyncProtocol
import Testing

struct SyncRequestTests {
    private func refusal(_ body: [UInt8], as format: BodyFormat) -> String? {
        do throws(SyncError) {
            _ = try SyncRequest(body, as: format)
            return nil
        } catch {
            return error.code.rawValue
        }
    }

    @Test("[W-03] a request survives protobuf")
    func protobuf() throws {
        let read = try SyncRequest(Sample.request.encoded, as: .protobuf)
        let empty = try SyncRequest([], as: .protobuf)

        #expect(read == Sample.request)
        #expect(empty == SyncRequest())
    }

    @Test("[W-03] a request in JSON says what the same request in protobuf says")
    func json() throws {
        let json = """
            {
              "epoch": "1767225600000", "firstSequence": "7", "budget": "65536", "grant": 2,
              "software": "residence/1.0", "deviceTime": "1767268800000",
              "bookmarks": [
                {"area": "330206001001", "position": "12", "floor": "3"}, {"area": "330206"}
              ],
              "changes": [{
                "record": "AQEBAQEBgQGBAQEBAQEBAQ==", "type": 1, "observedAt": "1767268800000",
                "base": "4", "epoch": "1767225600000", "clears": [17], "schema": 1
              }]
            }
            """
        var expected = Sample.request
        expected.chain = []
        var change = Change(
            record: Sample.record(1),
            type: 1,
            base: Base(epoch: Sample.epoch, revision: Revision(rawValue: 4)),
            observedAt: Sample.noon
        )
        change.clears = [17]
        expected.payloads = [change.payload]

        let read = try SyncRequest(Array(json.utf8), as: .json)

        #expect(read == expected)
    }

    @Test("[W-01] the payloads are the bytes that came, even those that nobody here can read")
    func payloadsStay() throws {
        let strange: [UInt8] = [0x98, 0x86, 0x00, 0x81, 0x80, 0x00]
        var request = Sample.request
        request.payloads = [strange, [], Sample.edit.payload + strange]

        let read = try SyncRequest(request.encoded, as: .protobuf)

        #expect(read.payloads == request.payloads)
    }

    @Test func `a body that is not of its format is refused by its own code`() {
        #expect(refusal([0x0A], as: .protobuf) == "protobuf_malformed")
        #expect(refusal([0x08, 0x01], as: .json) == "json_malformed")
        #expect(refusal(Array("{\"nobody\": 1}".utf8), as: .json) == "json_malformed")
    }

    @Test(arguments: ["", "3", "33020", "33a2", "330206001001001"])
    func `a bookmark that names no area is refused by its own code`(area: String) {
        let bookmark = handwritten { $0.append(field: 1, bytes: Array(area.utf8)) }
        let body = handwritten { $0.append(field: 5, bytes: bookmark) }

        #expect(refusal(body, as: .protobuf) == "bookmark_malformed")
    }

    @Test func `random bytes are read as a request or refused, and never crash`() {
        var random = SplitMix64(seed: 6)
        let whole = Sample.request.encoded
        let codes = (0..<3_000).map { _ in
            var bytes = whole
            let index = Int(random.next() % UInt64(bytes.count))
            bytes[index] = UInt8(truncatingIfNeeded: random.next())
            return refusal(bytes, as: .protobuf)
        }

        #expect(
            Set(codes).isSubset(of: [nil, "protobuf_malformed", "bookmark_malformed"])
        )
    }
}
