internal import Foundation
internal import Simulator
internal import SyncProtocol

extension Simulate {
    /// What the command line asks for, but for the seeds.
    ///
    /// Throws where it asks for something that there is not: wrong usage.
    func pattern() throws -> Plan {
        guard let found = Weather.named.first(where: { $0.name == weather })?.weather else {
            throw SyncError(
                "weather_unknown",
                weather,
                of: "--weather",
                write: Weather.named.map(\.name).joined(separator: ", ")
            )
        }
        let bugs = PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")
        let planted = try bug.map { name in
            guard let known = PlantedBug(rawValue: name) else {
                throw SyncError("bug_unknown", name, of: "--bug", write: bugs)
            }
            return known
        }
        try take(devices, "--devices", upTo: 1_000)
        try take(days, "--days", upTo: 10_000)
        try take(jobs, "--jobs", upTo: 4_096)
        if let seconds, !seconds.isFinite || seconds <= 0 {
            throw SyncError(
                "seconds_malformed",
                "\(seconds)",
                of: "--seconds",
                write: "大于 0 的数 A number above 0"
            )
        }
        var plan = Plan(
            seed: 0,
            devices: devices,
            days: days,
            weather: store == nil ? found : found.sparingServer,
            bug: planted
        )
        plan.database = store
        plan.story = story ? .whole : .none
        return plan
    }

    /// The seeds that the command line asks for; the first one, where it says nothing.
    func range() throws -> ClosedRange<UInt64> {
        guard let seeds else { return (seed ?? 1)...(seed ?? 1) }
        // Of two things that are asked for, none is dropped in silence.
        guard seed == nil else {
            throw SyncError(
                "seeds_malformed",
                "--seed 与 --seeds 只能用一个 Use either --seed or --seeds",
                hint: "--seed 42, --seeds 1..100",
                subject: "--seeds"
            )
        }
        let ends = seeds.components(separatedBy: "..").map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last,
            last - first < 10_000_000
        else { throw SyncError("seeds_malformed", seeds, of: "--seeds", write: "1..100") }
        return first...last
    }

    private func take(_ number: Int, _ option: String, upTo most: Int) throws {
        guard !(1...most).contains(number) else { return }
        throw SyncError("size_malformed", "\(number)", of: option, write: "1…\(most)")
    }
}

extension SyncError {
    /// An option whose value is not understood, and what to write instead.
    fileprivate init(_ code: Code, _ value: String, of option: String, write hint: String) {
        // Option and value stand in both languages' halves: either alone says what was meant.
        self.init(
            code,
            "选项 \(option) 的值 \(value) 无法理解 The option \(option) does not take \(value)",
            hint: hint,
            subject: option
        )
    }

    /// Time was up before the first world began.
    static func noWorld(within seconds: Double) -> SyncError {
        SyncError(
            "no_world",
            "\(seconds) 秒内没有开始任何世界，什么也没有检验 No world was begun within \(seconds) s: nothing was judged",
            hint: "请给 --seconds 更大的值。 Give --seconds more.",
            subject: "--seconds"
        )
    }
}
