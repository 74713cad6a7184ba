internal import Foundation

/// What a device asks before it syncs: how much there is for it [F-09].
public struct NewsQuestion: Codable, Sendable {
    /// How far an area was read, in numbers.
    public struct Mark: Codable, Sendable {
        var area: String
        var position: UInt64
        var floor: UInt64
    }

    /// How far each area was read.
    public var bookmarks: [Mark]

    /// A question of a device that has read so far.
    public init(_ bookmarks: [Bookmark]) {
        self.bookmarks = bookmarks.map { bookmark in
            Mark(
                area: bookmark.area.rawValue,
                position: bookmark.position.rawValue,
                floor: bookmark.floor.rawValue
            )
        }
    }

    /// Reads a question in JSON.
    ///
    /// Throws `json_malformed`.
    public init(json: [UInt8]) throws(SyncError) {
        guard let read = try? JSONDecoder().decode(NewsQuestion.self, from: Data(json)) else {
            throw SyncError(
                "json_malformed",
                "The body is not JSON of this kind",
                hint: #"Send {"bookmarks": [{"area": "330921101", "position": 0, "floor": 0}]}."#
            )
        }
        self = read
    }

    /// The question in JSON.
    public var json: [UInt8] {
        guard let data = try? JSONEncoder().encode(self) else {
            preconditionFailure("numbers and texts are JSON")
        }
        return Array(data)
    }

    /// How far each area was read; what is no area's code was not read.
    public var read: [Bookmark] {
        bookmarks.compactMap { mark in
            AreaCode(mark.area).map {
                Bookmark(
                    area: $0,
                    position: Position(rawValue: mark.position),
                    floor: Position(rawValue: mark.floor)
                )
            }
        }
    }
}

/// How much is new for a device.
public struct NewsEstimate: Hashable, Codable, Sendable {
    /// Records that will come, by the names of their types.
    public var records: [String: Int] = [:]
    /// Records that left the device's areas.
    public var departures = 0
    /// Conflicts that are open among what will come.
    public var conflicts = 0
    /// About how many bytes the answers will weigh on the wire, their heads included.
    public var bytes = 0
    /// Whether there is more than was counted.
    public var isAtLeast = false

    enum CodingKeys: String, CodingKey {
        case records, departures, conflicts, bytes
        case isAtLeast = "at_least"
    }

    /// Nothing is new.
    public init() {}

    /// Reads an estimate in JSON.
    ///
    /// Throws `json_malformed`.
    public init(json: [UInt8]) throws(SyncError) {
        guard let read = try? JSONDecoder().decode(NewsEstimate.self, from: Data(json)) else {
            throw SyncError("json_malformed", "The answer is not an estimate", hint: "Try again.")
        }
        self = read
    }

    /// The estimate in JSON.
    public var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        guard let data = try? encoder.encode(self) else {
            preconditionFailure("numbers and texts are JSON")
        }
        return Array(data)
    }
}
