internal import Foundation
internal import SyncProtocol
internal import SyncTrust

/// The real daemon on a fresh folder, as a process of its own.
final class Daemon {
    let folder: URL
    let port: Int
    let meter: Meter
    let programs: URL
    private let process: Process

    /// On the embedded store, or on a database, `postgres://…`.
    init(
        programs: URL,
        in folder: URL,
        store: String = "",
        underTLS: Bool = false
    ) throws {
        self.programs = programs
        self.folder = folder
        try? FileManager.default.removeItem(at: folder)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // Eight devices do here what thousands do elsewhere: a device's own limits would be what is measured.
        let settings = """
            {"limits": {"device_burst": 1e9, "device_per_second": 1e9, "device_at_once": 100000,
            "address_burst": 1e9, "address_per_second": 1e9, "address_connections": 100000,
            "connections": 100000, "streams": 100000},
            "store": "\(store)"}
            """
        try Data(settings.utf8).write(to: folder.appendingPathComponent("config.json"))
        if underTLS {
            let made = try Process.run(
                programs.appendingPathComponent("residence-syncd"),
                arguments: ["certificate", "make", "--data", folder.path, "--host", "127.0.0.1"]
            )
            made.waitUntilExit()
        }
        let pipe = Pipe()
        process = Process()
        process.executableURL = programs.appendingPathComponent("residence-syncd")
        process.arguments = [
            "serve", "--data", folder.path, "--listen", "127.0.0.1:0", "--lang", "en",
        ]
        process.environment = ProcessInfo.processInfo.environment
            .merging(["LOG_LEVEL": "warning"]) { _, new in new }
        process.standardOutput = pipe
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let data = pipe.fileHandleForReading.availableData
            guard !data.isEmpty else { throw BenchError("the daemon ended before it listened") }
            text += String(decoding: data, as: UTF8.self)
        }
        guard let port = text.split(separator: ":").last.flatMap({ Int($0.filter(\.isNumber)) })
        else { throw BenchError("the daemon does not say where it listens: \(text)") }
        self.port = port
        meter = Meter(process: process.processIdentifier)
    }

    deinit { stop() }

    /// A folder for another daemon.
    var beside: URL { folder.deletingLastPathComponent().appendingPathComponent("other") }

    /// SIGTERM, and waits: the log is written back.
    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    /// The operator's command for a list of devices: their links, in its order.
    func links(for list: [(name: String, area: String)]) throws -> [String] {
        let (file, out) = (
            folder.appendingPathComponent("list.csv"), folder.appendingPathComponent("links.csv")
        )
        let rows = list.map { "\($0.name),\($0.area)\n" }.joined()
        try Data(("name,areas\n" + rows).utf8).write(to: file)
        let command = Process()
        command.executableURL = programs.appendingPathComponent("residence-syncd")
        command.arguments = [
            "device", "add-all", file.path, "--links", out.path, "--data", folder.path, "--json",
        ]
        command.standardOutput = FileHandle.nullDevice
        try command.run()
        command.waitUntilExit()
        return try String(contentsOf: out, encoding: .utf8).split(separator: "\r\n").dropFirst()
            .compactMap { $0.split(separator: ",").last.map(String.init) }
    }

    /// The operator's command: expects a device and returns its link.
    func link(for name: String, areas: [String]) throws -> String {
        let command = Process()
        let pipe = Pipe()
        command.executableURL = programs.appendingPathComponent("residence-syncd")
        command.arguments =
            ["device", "add", "--data", folder.path, "--name", name, "--json"]
            + areas.flatMap { ["--area", $0] }
        command.standardOutput = pipe
        try command.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        command.waitUntilExit()
        let document = try JSONSerialization.jsonObject(with: output) as? [String: Any]
        guard let link = document?["link"] as? String else {
            throw BenchError("device add gave no link: \(String(decoding: output, as: UTF8.self))")
        }
        return link
    }

    /// Enrols a device whose bodies the driver builds.
    func enrol(_ name: String, areas: [String]) async throws -> DrivenDevice {
        try Self.enrol(by: link(for: name, areas: areas), over: Wire(port: port))
    }

    /// Enrols a device by its link.
    static func enrol(by link: String, over wire: Wire) throws -> DrivenDevice {
        guard let fragment = link.split(separator: "#").last else { throw BenchError("no code") }
        let pairs = fragment.split(separator: "&").map { $0.split(separator: "=") }
        let values = Dictionary(
            pairs.compactMap { $0.count == 2 ? (String($0[0]), String($0[1])) : nil }
        ) { first, _ in first }
        guard let code = values["code"], let server = values["key"] else {
            throw BenchError("a link without code and key")
        }
        let key = SigningKey()
        let request = EnrolmentRequest(
            code: code,
            publicKey: key.publicKey.bytes,
            software: "residence-bench"
        )
        let sent = Requests.post("/v1/devices", request.encoded, token: nil)
        let answer = try wire.exchange(sent)
        guard answer.status == 200 else { throw BenchError("enrolment: \(answer.status)") }
        let body = try Zlib.unpack(
            answer.body,
            as: answer.isDeflated ? .deflate : .identity,
            limit: 1 << 20
        )
        let response = try EnrolmentResponse(body)
        return DrivenDevice(
            key: key,
            server: server,
            epoch: response.epoch,
            grant: response.grant.number
        )
    }
}

/// A device whose requests the driver builds itself.
struct DrivenDevice: Sendable {
    let key: SigningKey
    let server: String
    let epoch: Epoch
    let grant: UInt64
    /// The number of its last change, and the head of its chain.
    var sequence = SequenceNumber.none
    var chain = Chain.start

    /// One that nobody knows: for bodies that are only weighed.
    static var unenrolled: DrivenDevice {
        DrivenDevice(key: SigningKey(), server: "", epoch: Epoch(rawValue: 1 << 40), grant: 1)
    }

    func token() async throws -> String {
        try await DeviceToken.signed(by: key, for: server, at: SystemClock.milliseconds())
    }

    /// A request that brings changes, or none.
    mutating func request(_ changes: [Change]) -> SyncRequest {
        var request = SyncRequest()
        request.epoch = epoch
        request.grant = grant
        request.software = "residence/0.1"
        request.deviceTime = SystemClock.milliseconds()
        request.hasSealingKey = true
        request.pending = UInt64(changes.count)
        guard !changes.isEmpty else { return request }
        request.payloads = changes.map(\.payload)
        request.takesBareSignature = true
        request.firstSequence = SequenceNumber(rawValue: sequence.rawValue + 1)
        sequence = SequenceNumber(rawValue: sequence.rawValue + UInt64(changes.count))
        for payload in request.payloads {
            chain = Chain.head(after: chain, hash: Chain.hash(of: payload))
        }
        request.chain = chain
        return request
    }
}

/// Requests as the client writes them.
enum Requests {
    static func post(_ path: String, _ body: [UInt8], token: String?) -> [UInt8] {
        let packed = packed(body)
        return head(path, length: packed.count, token: token) + packed
    }

    static func packed(_ body: [UInt8]) -> [UInt8] {
        let isSmall = body.count <= PresetDictionary.bodyLimit
        return Zlib.pack(body, as: .deflate, with: isSmall ? .latest : nil)
    }

    static func head(_ path: String, length: Int, token: String?) -> [UInt8] {
        var head = """
            POST \(path) HTTP/1.1\r
            Content-Type: application/x-protobuf\r
            Content-Encoding: deflate\r

            """
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        head += "Host: 127.0.0.1\r\nContent-Length: \(length)\r\n\r\n"
        return Array(head.utf8)
    }
}
