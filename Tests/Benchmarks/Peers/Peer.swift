internal import Foundation
internal import SyncProtocol

/// Another server at the same work, as it stands installed: driven by the same threads over the same kind of
/// connection, with bodies that are built before the clock starts.
///
/// None of them merges: an edit of what somebody else has edited meanwhile is refused, and is the client's to solve.
protocol Peer: Sendable {
    var name: String { get }
    var port: Int { get }
    /// Its processes, those of its database included; their children are counted with them.
    var meter: Meter { get }
    /// How many records it is given: as many as take a minute or two.
    var mostRecords: Int { get }

    /// Makes the collection in which the records of one run are kept.
    func prepare() throws
    /// A request that writes a batch.
    func batch(_ items: [PeerItem]) -> [UInt8]
    /// What became of a batch, as far as has to be known to go on: asked while the clock runs.
    func verdict(on answer: Wire.Answer, of items: [PeerItem]) throws -> PeerVerdict
    /// How many edits an answer says were refused, besides what its verdict did: asked afterwards.
    func refused(in answer: Wire.Answer) throws -> Int
    /// The versions that an answer gives records, by their id.
    func versions(in answer: Wire.Answer) throws -> [String: String]
    /// A request for what changed after a moment that a page has named; all of it after none.
    func page(after cursor: String?) -> [UInt8]
    /// How many records a page holds, and where it ends.
    func end(of page: Wire.Answer) throws -> (records: Int, cursor: String?)
}

/// A record on its way to a peer: new, or an edit of a version that the device has seen.
struct PeerItem: Sendable {
    let id: String
    /// What is kept, as JSON.
    let data: String
    /// The version that is edited, as the peer names it; nil for a new record.
    var base: String?

    init(new entry: Corpus.Entry) {
        id = Self.id(entry)
        data = Self.data(entry)
    }

    init(edit number: Int, of entry: Corpus.Entry, base: String) {
        id = Self.id(entry)
        self.base = base
        data = Self.data(entry)
            .replacingOccurrences(of: "\"remark\":\"", with: "\"remark\":\"第\(number)次走访更正：")
    }

    /// Peers have their own place for the id.
    private static func data(_ entry: Corpus.Entry) -> String {
        String(decoding: entry.json, as: UTF8.self)
            .replacingOccurrences(of: "\"id\":\"\(entry.id)\",", with: "")
    }

    private static func id(_ entry: Corpus.Entry) -> String {
        entry.id.description.filter { $0 != "-" }
    }
}

/// What became of a batch.
struct PeerVerdict: Sendable {
    /// Refused, since the record was edited meanwhile.
    var conflicts = 0
    /// Kept back with others of the batch: to be sent again.
    var again: [PeerItem] = []
}

extension Peer {
    func refused(in answer: Wire.Answer) throws -> Int { 0 }

    /// A request with a body of JSON, or without one.
    func request(
        _ method: String,
        _ path: String,
        _ body: String = "",
        authorization: String
    ) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n"
        if !authorization.isEmpty { head += "Authorization: \(authorization)\r\n" }
        if method != "GET" {
            head += "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        }
        return Array((head + "\r\n" + body).utf8)
    }

    /// One request of its preparation; anything but success ends the benchmark.
    @discardableResult
    func ask(_ request: [UInt8]) throws -> [String: Any] {
        let answer = try Wire(port: port).exchange(request)
        guard (200..<300).contains(answer.status) else {
            throw BenchError("\(name): \(answer.status) \(answer.text.prefix(300))")
        }
        return try answer.object()
    }
}

extension Wire.Answer {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as an object of JSON; an empty one where there is no body.
    func object() throws -> [String: Any] {
        guard !body.isEmpty else { return [:] }
        return try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] ?? [:]
    }
}
