import Foundation
import Testing

/// The programs as they were built beside the tests.
enum Programs {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The folder of the test bundle is that of the programs.
    static let folder =
        Bundle.main.bundleURL.path.hasSuffix(".xctest")
        ? Bundle.main.bundleURL.deletingLastPathComponent()
        : root.appendingPathComponent(".build/debug")

    static let ledger = root.appendingPathComponent(
        "Tests/ResidenceDomainTests/Fixtures/ledger.csv"
    ).path

    /// What a program printed, and how it ended.
    struct Result {
        let status: Int32
        let output: String
        let errors: String

        func json() throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
            return try #require(value as? [String: Any])
        }
    }

    static func process(_ name: String, _ arguments: [String]) -> ChildProcess {
        ChildProcess(
            folder.appendingPathComponent(name).path,
            arguments,
            environment: ProcessInfo.processInfo.environment
                .merging(["LANG": "C", "LC_ALL": "C", "LOG_LEVEL": "error"]) { _, new in new }
        )
    }

    /// Runs a program to its end.
    ///
    /// Its output goes to files, so that no pipe can fill up.
    @discardableResult
    static func run(_ name: String, _ arguments: String...) throws -> Result {
        try run(name, arguments)
    }

    /// Runs a program to its end with a list of arguments.
    static func run(
        _ name: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> Result {
        let scratch = FileManager.default.temporaryDirectory
            .appendingPathComponent("run-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let (out, err) = (
            scratch.appendingPathComponent("out"), scratch.appendingPathComponent("err")
        )
        try Data().write(to: out)
        try Data().write(to: err)
        let process = process(name, arguments)
        process.environment.merge(environment) { _, new in new }
        process.standardOutput = .file(try FileHandle(forWritingTo: out))
        process.standardError = .file(try FileHandle(forWritingTo: err))
        try process.run()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: try String(contentsOf: out, encoding: .utf8),
            errors: try String(contentsOf: err, encoding: .utf8)
        )
    }
}

/// A daemon as a process on a free port, in a folder of its own that goes with it.
final class RunningDaemon {
    let folder: URL
    private(set) var process: ChildProcess
    private(set) var address: String
    private var ownsFolder = true

    /// Starts on nothing, or on a copy of what another release left: the folders `server` and those of its
    /// devices.
    init(on fixture: URL? = nil, underTLS: Bool = false, settings: String? = nil) throws {
        folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("end-to-end-\(UUID().uuidString)")
        if let fixture {
            try FileManager.default.copyItem(at: fixture, to: folder)
        } else {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        if underTLS {
            let data = folder.appendingPathComponent("server").path
            let made = try Programs.run("residence-syncd", "certificate", "make", "--data", data)
            #expect(made.status == 0, "\(made.errors)")
        }
        if let settings {
            let data = folder.appendingPathComponent("server")
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try Data(settings.utf8).write(to: data.appendingPathComponent("config.json"))
        }
        (process, address) = try Self.start(in: folder, port: 0)
    }

    /// Starts in a folder that is there already.
    init(in folder: URL) throws {
        self.folder = folder
        (process, address) = try Self.start(in: folder, port: 0)
    }

    /// Another daemon on the same database.
    init(besides other: RunningDaemon) throws {
        folder = other.folder
        ownsFolder = false
        (process, address) = try Self.start(in: folder, port: 0)
    }

    deinit {
        kill()
        if ownsFolder { try? FileManager.default.removeItem(at: folder) }
    }

    var port: Int { address.split(separator: ":").last.flatMap { Int($0) } ?? 0 }

    var data: String { folder.appendingPathComponent("server").path }

    func device(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func kill() {
        process.kill()
        process.waitUntilExit()
    }

    /// SIGTERM; returns how it ended.
    func stop() -> Int32 {
        process.kill(SIGTERM)
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// On the same port, where no other one is named; port 0 takes a free one.
    func restart(on other: Int? = nil, with flags: String...) throws {
        let port = other ?? port
        (process, address) = try Self.start(in: folder, port: port, flags)
    }

    /// Enrols a device for areas.
    ///
    /// `through` is the address that the device is told, where it is another one.
    func enrol(
        _ name: String,
        areas: [String],
        role: String = "coordinator",
        through: String? = nil
    ) throws {
        let flags =
            areas.flatMap { ["--area", $0] } + ["--role", role]
            + (through.map { ["--url", $0] } ?? [])
        let added = try Programs.run(
            "residence-syncd",
            ["device", "add", "--data", data, "--name", name, "--json"] + flags
        )
        let link = try #require(try added.json()["link"] as? String)
        var enrolled = try Programs.run("residence", "--data", device(name), "enroll", link)
        // A bad network is tried again; the same link works for the same device.
        for _ in 0..<20 where through != nil && enrolled.status != 0 {
            enrolled = try Programs.run("residence", "--data", device(name), "enroll", link)
        }
        #expect(enrolled.status == 0, "\(enrolled.errors)")
    }

    /// Runs the coordinator's program on a device; it must succeed.
    @discardableResult
    func on(_ name: String, _ arguments: String...) throws -> Programs.Result {
        let result = try Programs.run("residence", ["--data", device(name)] + arguments)
        #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
        return result
    }

    /// Imports the ledger of three thousand rows on a device.
    func importLedger(on name: String) throws {
        let refused = folder.appendingPathComponent("\(name).refused.csv").path
        try on(name, "import", Programs.ledger, "--refused", refused, "--json")
    }

    /// Captures a person on a device; returns the record's id.
    @discardableResult
    func person(on name: String, in area: String) throws -> String {
        let added = try on(
            name,
            "add",
            "person",
            "name=王小明",
            "document_number=11010519491231002X",
            "captured_in=\(area)",
            "--json"
        )
        return try #require(try added.json()["id"] as? String)
    }

    /// The same with a list of arguments.
    func run(on name: String, _ arguments: [String]) throws {
        let result = try Programs.run("residence", ["--data", device(name)] + arguments)
        #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
    }

    /// Runs the operator's program on the server's data, whatever comes of it.
    func atServer(_ arguments: String...) throws -> Programs.Result {
        try Programs.run("residence-syncd", arguments + ["--data", data])
    }

    /// Starts the daemon and waits until it says where it listens: its output ends the wait.
    private static func start(
        in folder: URL,
        port: Int,
        _ flags: [String] = []
    ) throws -> (ChildProcess, String) {
        let pipe = Pipe()
        let process = Programs.process(
            "residence-syncd",
            [
                "serve", "--data", folder.appendingPathComponent("server").path, "--listen",
                "127.0.0.1:\(port)", "--lang", "en",
            ] + flags
        )
        process.standardOutput = .pipe(pipe)
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let data = pipe.fileHandleForReading.availableData
            try #require(!data.isEmpty, "the daemon ended before it listened")
            text += String(decoding: data, as: UTF8.self)
        }
        let address = try #require(text.split(whereSeparator: \.isWhitespace).last)
        return (process, String(address))
    }
}
