internal import SyncClient
internal import SyncProtocol

/// Reads server-sent events from bytes as they come.
struct EventParser {
    /// The line that is not at its end yet.
    private var line: [UInt8] = []
    private var kind = ""
    private var id: NewsMark?
    private var retry: Duration?
    /// Longer lines than any that the server writes are refused.
    private static let longest = 4_096

    /// The events that these bytes complete.
    ///
    /// Throws where it is no such stream.
    mutating func read(_ bytes: some Sequence<UInt8>) throws -> [NewsEvent] {
        var events: [NewsEvent] = []
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                guard line.count < Self.longest else { throw NoEventStream() }
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if let event = take(String(decoding: line, as: UTF8.self)) { events.append(event) }
            line.removeAll(keepingCapacity: true)
        }
        return events
    }

    private mutating func take(_ line: String) -> NewsEvent? {
        guard !line.isEmpty else { return dispatch() }
        let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = (parts.count > 1 ? parts[1] : "").drop { $0 == " " }
        switch parts[0] {
        case "": return .beat
        case "event": kind = String(value)
        case "id": id = NewsMark(value)
        case "retry": retry = Int(value).map { .milliseconds(min(max($0, 0), 3_600_000)) }
        default: break
        }
        return nil
    }

    /// An event is whole at an empty line; of kinds that are not known here nothing is made.
    private mutating func dispatch() -> NewsEvent? {
        defer { (kind, id, retry) = ("", nil, nil) }
        switch kind {
        case "news": return .news(id)
        case "goodbye": return .goodbye(retry: retry)
        default: return nil
        }
    }
}

/// What came is no stream of events.
struct NoEventStream: Error {}
