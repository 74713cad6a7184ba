internal import Foundation

/// Kinto on PostgreSQL: batches of `PUT`, each with the version that it edits, as its own client sends them.
struct Kinto: Peer {
    let port: Int
    let meter: Meter
    let name = "Kinto on PostgreSQL"
    let mostRecords = 8_000

    private static let authorization =
        "Basic " + Data("device:secret".utf8).base64EncodedString()
    private static let records = "/v1/buckets/field/collections/visits/records"

    func prepare() throws {
        for path in ["/v1/buckets/field", "/v1/buckets/field/collections/visits"] {
            try ask(request("PUT", path, "{}", authorization: Self.authorization))
        }
        try ask(request("DELETE", Self.records, authorization: Self.authorization))
    }

    func batch(_ items: [PeerItem]) -> [UInt8] {
        let requests = items.map { item in
            let condition =
                item.base.map { #""If-Match":"\"\#($0)\"""# } ?? #""If-None-Match":"*""#
            return #"{"path":"\#(Self.records)/\#(item.id)","headers":{\#(condition)},"#
                + #""body":{"data":\#(item.data)}}"#
        }
        return request(
            "POST",
            "/v1/batch",
            #"{"defaults":{"method":"PUT"},"requests":[\#(requests.joined(separator: ","))]}"#,
            authorization: Self.authorization
        )
    }

    /// A batch in which something lost a race for the collection's next moment (409) was rolled back whole, and so was
    /// one of two that waited for each other's records (503).
    func verdict(on answer: Wire.Answer, of items: [PeerItem]) throws -> PeerVerdict {
        if answer.status == 503 { return PeerVerdict(again: items) }
        guard answer.status == 200 else {
            throw BenchError("\(name): \(answer.status) \(answer.text.prefix(300))")
        }
        let isLost = Data(answer.body).range(of: Data(#""status":409"#.utf8)) != nil
        return isLost ? PeerVerdict(again: items) : PeerVerdict()
    }

    func refused(in answer: Wire.Answer) throws -> Int {
        let statuses = try responses(in: answer).map { $0["status"] as? Int ?? 0 }
        guard !statuses.isEmpty, statuses.allSatisfy({ [200, 201, 412].contains($0) }) else {
            throw BenchError("\(name): \(answer.text.prefix(300))")
        }
        return statuses.count { $0 == 412 }
    }

    private func responses(in answer: Wire.Answer) throws -> [[String: Any]] {
        try answer.object()["responses"] as? [[String: Any]] ?? []
    }

    func versions(in answer: Wire.Answer) throws -> [String: String] {
        var versions: [String: String] = [:]
        for response in try responses(in: answer) {
            let body = response["body"] as? [String: Any]
            // What was kept before the batch was sent again comes as `existing`.
            let details = body?["details"] as? [String: Any]
            let data = body?["data"] as? [String: Any] ?? details?["existing"] as? [String: Any]
            if let id = data?["id"] as? String, let moment = data?["last_modified"] as? Int {
                versions[id] = String(moment)
            }
        }
        return versions
    }

    func page(after cursor: String?) -> [UInt8] {
        let since = cursor.map { "&_since=%22\($0)%22" } ?? ""
        let path = "\(Self.records)?_sort=last_modified&_limit=1000\(since)"
        return request("GET", path, authorization: Self.authorization)
    }

    func end(of page: Wire.Answer) throws -> (records: Int, cursor: String?) {
        let records = try page.object()["data"] as? [[String: Any]] ?? []
        let last = records.last?["last_modified"] as? Int
        return (records.count, last.map { String($0) })
    }
}
