internal import Foundation

/// PocketBase: batches in one transaction each, of which one edit of an old version refuses the whole.
///
/// It writes with `synchronous=NORMAL`: what it acknowledges is not on the disk yet. Nobody's rights are checked.
struct PocketBase: Peer {
    let port: Int
    let meter: Meter
    let name = "PocketBase (not flushed)"
    let mostRecords = 100_000

    private static let collections = "/api/collections"
    private static let records = "/api/collections/visits/records"
    /// The operator, as `peers.sh` sets it up.
    private static let credentials =
        #"{"identity":"operator@example.com","password":"secret12345"}"#

    func prepare() throws {
        let login = "\(Self.collections)/_superusers/auth-with-password"
        let entered = try ask(request("POST", login, Self.credentials, authorization: ""))
        guard let token = entered["token"] as? String else { throw BenchError("\(name): no token") }
        let settings =
            #"{"batch":{"enabled":true,"maxRequests":200,"timeout":60},"logs":{"maxDays":0}}"#
        try ask(request("PATCH", "/api/settings", settings, authorization: token))
        // Where there is none yet, there is none to delete.
        _ = try Wire(port: port).exchange(
            request("DELETE", "\(Self.collections)/visits", authorization: token)
        )
        try ask(request("POST", Self.collections, Self.collection, authorization: token))
    }

    private static let collection = #"""
        {"name":"visits","type":"base","listRule":"","viewRule":"","createRule":"",
        "updateRule":"@request.body.base = ver","fields":[
        {"name":"id","type":"text","primaryKey":true,"required":true,"system":true,"min":32,"max":32,
        "pattern":"^[a-z0-9]+$","autogeneratePattern":"[a-f0-9]{32}"},
        {"name":"ver","type":"number"},{"name":"data","type":"json"},
        {"name":"updated","type":"autodate","onCreate":true,"onUpdate":true}],
        "indexes":["CREATE INDEX visits_updated ON visits (updated, id)"]}
        """#

    func batch(_ items: [PeerItem]) -> [UInt8] {
        let requests = items.map { item in
            guard let base = item.base else {
                return #"{"method":"POST","url":"\#(Self.records)","body":"#
                    + #"{"id":"\#(item.id)","ver":1,"data":\#(item.data)}}"#
            }
            return #"{"method":"PATCH","url":"\#(Self.records)/\#(item.id)","body":"#
                + #"{"base":\#(base),"ver":2,"data":\#(item.data)}}"#
        }
        let body = #"{"requests":[\#(requests.joined(separator: ","))]}"#
        return request("POST", "/api/batch", body, authorization: "")
    }

    /// A refused batch names the first edit that it would not take: the others are sent again without it.
    func verdict(on answer: Wire.Answer, of items: [PeerItem]) throws -> PeerVerdict {
        if answer.status == 200 { return PeerVerdict() }
        let requests = (try answer.object()["data"] as? [String: Any])?["requests"]
        guard answer.status == 400, let refused = (requests as? [String: Any])?.keys.first,
            let index = Int(refused), items.indices.contains(index), items[index].base != nil
        else { throw BenchError("\(name): \(answer.status) \(answer.text.prefix(300))") }
        var again = items
        again.remove(at: index)
        return PeerVerdict(conflicts: 1, again: again)
    }

    /// All records have the version that they were made with: edits come after.
    func versions(in answer: Wire.Answer) throws -> [String: String] {
        let results =
            try JSONSerialization.jsonObject(with: Data(answer.body)) as? [[String: Any]] ?? []
        let ids = results.compactMap { ($0["body"] as? [String: Any])?["id"] as? String }
        return Dictionary(ids.map { ($0, "1") }) { first, _ in first }
    }

    /// By moment and id: many records have the same moment.
    func page(after cursor: String?) -> [UInt8] {
        var query = "perPage=1000&skipTotal=1&sort=updated,id"
        if let parts = cursor?.split(separator: "|"), parts.count == 2 {
            let filter =
                "updated >= '\(parts[0])' && (updated > '\(parts[0])' || id > '\(parts[1])')"
            let allowed = CharacterSet.alphanumerics
            query +=
                "&filter=" + (filter.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")
        }
        return request("GET", "\(Self.records)?\(query)", authorization: "")
    }

    func end(of page: Wire.Answer) throws -> (records: Int, cursor: String?) {
        let records = try page.object()["items"] as? [[String: Any]] ?? []
        guard let last = records.last, let updated = last["updated"], let id = last["id"] else {
            return (0, nil)
        }
        return (records.count, "\(updated)|\(id)")
    }
}
