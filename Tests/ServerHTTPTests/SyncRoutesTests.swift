import Foundation
import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct SyncRoutesTests {
    /// The headers of a device that packs, and is answered, under a coding.
    private func packed(
        as coding: ContentCoding,
        by key: SigningKey,
        _ host: TestHost
    ) async throws -> HTTPFields {
        var headers = try await host.headers(of: key)
        headers[.contentType] = "application/x-protobuf"
        headers[.contentEncoding] = coding.rawValue
        headers[.acceptEncoding] = coding.rawValue
        return headers
    }

    @Test("[W-03] a device syncs in protobuf under every coding", arguments: ContentCoding.allCases)
    func codings(coding: ContentCoding) async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            let headers = try await packed(as: coding, by: key, host)
            let body = Zlib.pack(capture(1...3, in: "330921101").encoded, as: coding)

            let answer = try await host.post("/v1/sync", body, headers)

            let unpacked = try Zlib.unpack(answer.bytes, as: coding, limit: 1 << 20)
            let response = try SyncResponse(unpacked)
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == "application/x-protobuf")
            #expect(
                answer.headers[.contentEncoding] == (coding == .identity ? nil : coding.rawValue)
            )
            #expect(response.outcomes.map(\.kind) == [.applied, .applied, .applied])
            #expect(response.pages.flatMap(\.records).map(\.id) == [id(1), id(2), id(3)])
            #expect(answer.requestID?.isEmpty == false)
        }
    }

    @Test("[W-07] an answer is packed with the dictionary of its request")
    func dictionary() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            let headers = try await packed(as: .deflate, by: key, host)
            let request = capture(1...3, in: "330921101").encoded

            let body = Zlib.pack(request, as: .deflate, with: .latest)
            let answer = try await host.post("/v1/sync", body, headers)

            let known = PresetDictionary.all
            let unpacked = try Zlib.unpack(answer.bytes, as: .deflate, with: known, limit: 1 << 20)
            let name = try #require(HTTPField.Name("Sync-Dictionary"))
            #expect(try SyncResponse(unpacked).outcomes.count == 3)
            #expect(PresetDictionary.named(by: answer.bytes, among: known) == .latest)
            #expect(answer.headers[name] == nil)
        }
    }

    @Test("[W-08] whoever packs without the latest dictionary is told of it, and given it")
    func dictionaryTold() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            let headers = try await packed(as: .deflate, by: key, host)
            let body = Zlib.pack(capture(1...3, in: "330921101").encoded, as: .deflate)

            let answer = try await host.post("/v1/sync", body, headers)
            let field = try #require(HTTPField.Name("Sync-Dictionary"))
            let name = try #require(answer.headers[field])
            let token = try await host.headers(of: key)
            let given = try await host.get("/v1/dictionaries/\(name)", token)
            let none = try await host.get("/v1/dictionaries/00000000", token)

            #expect(PresetDictionary.named(by: answer.bytes, among: PresetDictionary.all) == nil)
            #expect(PresetDictionary(bytes: given.bytes) == .latest)
            #expect(none.status == .notFound)
        }
    }

    @Test("[W-03] a script syncs in JSON")
    func json() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            var headers = try await host.headers(of: key)
            headers[.contentType] = "application/json; charset=utf-8"
            let record = Data(id(1).bytes).base64EncodedString()
            let body = """
                {"firstSequence": "1", "grant": "1", "changes": [{
                    "record": "\(record)", "observedAt": "1767268800000", "grant": "1",
                    "body": {"dwelling": {
                        "address": "人民路1号", "area": "330921101", "kind": "DWELLING_KIND_RENTED"
                    }}
                }]}
                """

            let answer = try await host.post("/v1/sync", Array(body.utf8), headers)

            let response = try JSONDecoder().decode(JSONAnswer.self, from: Data(answer.bytes))
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == "application/json")
            #expect(response.highWater == "1")
            #expect(response.outcomes.map(\.kind) == ["APPLIED"])
            #expect(response.pages.map(\.area) == ["330921101"])
        }
    }

    @Test("[W-03] the answer is in what Accept names, whatever the body is in")
    func negotiated() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            var headers = try await host.headers(of: key)
            headers[.accept] = "application/json"

            let json = try await host.post("/v1/sync", SyncRequest().encoded, headers)
            headers[.contentType] = "application/json"
            headers[.accept] = "application/x-protobuf"
            headers[.acceptEncoding] = "gzip;q=0, deflate"
            let protobuf = try await host.post("/v1/sync", Array("{}".utf8), headers)

            let unpacked = try Zlib.unpack(protobuf.bytes, as: .deflate, limit: 1 << 20)
            let answer = try SyncResponse(unpacked)
            #expect(json.headers[.contentType] == "application/json")
            #expect(json.text.hasPrefix("{"))
            #expect(protobuf.headers[.contentEncoding] == "deflate")
            #expect(answer.highWater == .none && answer.epoch > .none)
        }
    }

    @Test("[A-01] a device enrols over HTTP, in protobuf and in JSON")
    func enrolment() async throws {
        try await TestHost.run { host in
            let key = SigningKey()
            let code = try await host.service.expectDevice(
                named: "林小梅",
                areas: [area("330921101")]
            ).code.description
            let request = EnrolmentRequest(
                code: code,
                publicKey: key.publicKey.bytes,
                software: "test/1"
            )

            let first = try await host.post("/v1/devices", request.encoded)
            let again = try await host.post(
                "/v1/devices",
                request.encoded,
                [.accept: "application/json"]
            )

            let answer = try EnrolmentResponse(first.bytes)
            #expect(answer.device == key.publicKey.deviceID)
            #expect(again.text.contains("林小梅"))
        }
    }

    @Test("[Q-05] a gap is a problem that names the number that is expected")
    func gap() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            var request = capture(1...1, in: "330921101")
            request.firstSequence = SequenceNumber(rawValue: 5)

            let answer = try await host.sync(request, by: key)

            let problem = try answer.problem()
            #expect(answer.status == .conflict)
            #expect(problem.code == "sequence_gap" && problem.subject == "1")
        }
    }

    @Test("[V-04] a change of an unknown type is an outcome, not an error")
    func unknownType() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            var change = Change(record: id(1), type: 99, base: .none, observedAt: 1)
            change.fields = FieldMap().setting(text: "新类型", of: 1)
            var request = capture(1...1, in: "330921101")
            request.payloads.insert(change.payload, at: 0)

            let answer = try await host.sync(request, by: key)

            let response = try SyncResponse(answer.bytes)
            #expect(answer.status == .ok)
            #expect(response.outcomes.map(\.code) == ["type_unknown", ""])
        }
    }

    @Test("[F-07] a bookmark from the future is answered from the beginning")
    func bookmarkFromTheFuture() async throws {
        try await TestHost.run { host in
            let key = try await host.enrol(in: "330921101")
            let first = try await SyncResponse(
                host.sync(capture(1...2, in: "330921101"), by: key).bytes
            )
            var request = SyncRequest()
            request.epoch = first.epoch
            request.bookmarks = [
                Bookmark(area: area("330921101"), position: Position(rawValue: 1 << 40))
            ]

            let again = try await SyncResponse(host.sync(request, by: key).bytes)

            #expect(again.pages.flatMap(\.records).map(\.id) == [id(1), id(2)])
            #expect(again.pages.first?.position.rawValue == 2)
        }
    }
}

/// As much of the answer's JSON as a script looks at.
private struct JSONAnswer: Decodable {
    struct Outcome: Decodable { var kind: String }
    struct Page: Decodable { var area: String }

    var highWater: String
    var outcomes: [Outcome]
    var pages: [Page]
}
