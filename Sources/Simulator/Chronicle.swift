internal import SyncProtocol

/// What happened in a world, in order: its hash is the run's trace.
struct Chronicle {
    /// One thing that happened.
    struct Line {
        /// When, in milliseconds since the world began.
        let time: Int64
        let text: String
        /// The record concerned, if one is.
        let record: RecordID?
    }

    private(set) var lines: [Line] = []
    private(set) var steps = 0
    /// FNV-1a over every line.
    private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
    private let keepsLines: Bool

    init(keepsLines: Bool) { self.keepsLines = keepsLines }

    mutating func note(_ text: String, at time: Int64, about record: RecordID? = nil) {
        steps += 1
        for byte in "\(time) \(text) \(record?.description ?? "")".utf8 {
            trace = (trace ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
        }
        if keepsLines { lines.append(Line(time: time, text: text, record: record)) }
    }

    /// What concerns a record, and what concerns everybody, as a story.
    func story(of record: RecordID?, last count: Int) -> [String] {
        lines.filter { record == nil || $0.record == record || ($0.record == nil && $0.isLoud) }
            .suffix(count).map { line in
                let minutes = line.time / 60_000
                let clock = "\(pad(minutes / 60 % 24)):\(pad(minutes % 60))"
                return "day \(minutes / 1440 + 1) \(clock)  \(line.text)"
            }
    }

    private func pad(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension Chronicle.Line {
    /// Whether it happened to the world, not to one record or round trip.
    fileprivate var isLoud: Bool { text.hasPrefix("!") }
}
