internal import Foundation

/// What a process has used, from `/proc`, or several that serve together.
struct Meter {
    private let processes: [Int32]
    private let withChildren: Bool
    private var process: Int32 { processes[0] }

    init(process: Int32) { (processes, withChildren) = ([process], false) }

    /// Processes, at least one, each with its children: a PostgreSQL's sessions are such.
    init(families: [Int32]) { (processes, withChildren) = (families, true) }

    /// Seconds of processor time so far; a family's, of its children that have ended, too.
    var processorSeconds: Double {
        let all = withChildren ? family : Set(processes)
        let ticks = all.flatMap { Self.fields(of: $0).dropFirst(11).prefix(withChildren ? 4 : 2) }
        return ticks.compactMap { Double($0) }.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private var family: Set<Int32> {
        let parents = Self.parents
        var family = Set(processes)
        var grows = true
        while grows {
            let children = parents.filter { family.contains($0.value) }.keys
            grows = !family.isSuperset(of: children)
            family.formUnion(children)
        }
        return family
    }

    /// Every process on the machine, with the one that started it.
    private static var parents: [Int32: Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let pairs = names.compactMap { Int32($0) }.compactMap { process in
            fields(of: process).dropFirst().first.flatMap { Int32($0) }.map { (process, $0) }
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// What the kernel says of a process, behind its name: that, in parentheses, may hold blanks.
    private static func fields(of process: Int32) -> [Substring] {
        (read("/proc/\(process)/stat").split(separator: ")").last ?? "").split(separator: " ")
    }

    /// The most memory that it has held at once since `forgetPeak`, in MiB; the first process alone.
    var peakMebibytes: Double {
        let line = Self.read("/proc/\(process)/status").split(separator: "\n")
            .first { $0.hasPrefix("VmHWM:") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
        return (kibibytes.flatMap { Double($0) } ?? 0) / 1024
    }

    /// The memory that it holds now, in KiB.
    var residentKibibytes: Double {
        let line = Self.read("/proc/\(process)/status").split(separator: "\n")
            .first { $0.hasPrefix("VmRSS:") }
        let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first
        return kibibytes.flatMap { Double($0) } ?? 0
    }

    func forgetPeak() {
        try? "5".write(toFile: "/proc/\(process)/clear_refs", atomically: false, encoding: .utf8)
    }

    /// This program's own.
    static let own = Meter(process: getpid())

    /// Seconds of processor time that the whole machine has spent.
    static var machineSeconds: Double {
        let line = read("/proc/stat").split(separator: "\n").first ?? ""
        let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count > 4 else { return 0 }
        return (ticks.reduce(0, +) - ticks[3] - ticks[4]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    static func read(_ path: String) -> String {
        (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    }

    /// Bytes that a folder takes on the disk.
    static func disk(_ folder: URL) -> Int {
        let files = FileManager.default.enumerator(atPath: folder.path)?
            .compactMap { $0 as? String }
        return (files ?? []).reduce(0) { sum, name in
            var status = stat()
            guard lstat(folder.appendingPathComponent(name).path, &status) == 0 else { return sum }
            return sum + Int(status.st_blocks) * 512
        }
    }
}

/// What was used while something ran.
struct Usage: Codable {
    var daemonSeconds = 0.0
    var driverSeconds = 0.0
    /// What everything else on the machine used meanwhile.
    var otherSeconds = 0.0
    var peakMebibytes = 0.0

    static func measuring<Result>(
        _ daemon: Meter,
        _ body: () async throws -> Result
    ) async throws -> (Result, Usage) {
        daemon.forgetPeak()
        let before = (daemon.processorSeconds, Meter.own.processorSeconds, Meter.machineSeconds)
        let result = try await body()
        var usage = Usage()
        usage.daemonSeconds = daemon.processorSeconds - before.0
        usage.driverSeconds = Meter.own.processorSeconds - before.1
        let all = Meter.machineSeconds - before.2
        usage.otherSeconds = max(0, all - usage.daemonSeconds - usage.driverSeconds)
        usage.peakMebibytes = daemon.peakMebibytes
        return (result, usage)
    }
}
