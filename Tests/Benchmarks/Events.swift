internal import ArgumentParser
internal import ClientHTTP
internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import StoreSQLite
internal import Synchronization
internal import SyncClient
internal import SyncProtocol
internal import SyncServer
internal import SyncTrust

/// `residence-bench events`: streams of events, what each takes of the daemon's memory, and how soon they are woken.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measures live news: memory for each stream, and from a batch's sending to its event."
    )

    @ParentCommand var bench: ResidenceBench

    @Option(help: "How many devices listen at once.")
    var streams = 1_000

    @Option(help: "How many batches wake ten devices each; a tenth as many wake everybody.")
    var commits = 100

    @Flag(help: "Under TLS.")
    var tls = false

    func run() async throws {
        var files = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        files.rlim_cur = files.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        let daemon = try Daemon(
            programs: URL(fileURLWithPath: bench.programs),
            in: URL(fileURLWithPath: bench.work).appendingPathComponent("server"),
            underTLS: tls
        )
        defer { daemon.stop() }
        let crowd = try await crowd(on: daemon)
        let link = try daemon.link(for: "driver", areas: [Self.everybody, "33"])
        let driver = try await Driver(link: link)
        // What the first requests of all take is no stream's.
        for number in 0..<20 { _ = try await driver.send(number, in: Self.everybody) }
        let before = daemon.meter.residentKibibytes
        let ear = Ear(count: streams)
        let connecting = ContinuousClock.now
        try await listen(crowd, on: daemon, ear)
        let connected = ContinuousClock.now - connecting
        let after = daemon.meter.residentKibibytes

        var few: [Double] = []
        var all: [Double] = []
        for number in 0..<commits {
            let group = number % max(1, streams / 10)
            few += try await wake(
                ear,
                driver,
                100 + number,
                Self.area(group),
                ear.members(of: group)
            )
        }
        for number in 0..<max(1, commits / 10) {
            all += try await wake(ear, driver, -1 - number, Self.everybody, Array(0..<streams))
        }
        Terminal.out("| streams | TLS | KiB each | connected in | wakes | median | p99 | slowest |")
        Terminal.out("|---|---|---|---|---|---|---|---|")
        let each = (after - before) / Double(streams)
        let took = Report.text(connected / .seconds(1))
        for (name, waits) in [("10 devices", few), ("everybody", all)] {
            let sorted = waits.sorted()
            let (middle, late) = (sorted[sorted.count / 2], sorted[sorted.count * 99 / 100])
            Terminal.out(
                "| \(streams) | \(tls ? "yes" : "no") | \(Report.text(each)) | \(took) s | \(name)"
                    + " | \(Report.text(middle)) ms | \(Report.text(late)) ms"
                    + " | \(Report.text(sorted[sorted.count - 1])) ms |"
            )
        }
    }

    /// An area that is everybody's.
    private static let everybody = "330922999"

    /// The area of ten devices.
    private static func area(_ group: Int) -> String { String(330_921_000_000 + group) }

    /// Devices that are enrolled by the hundred: nobody types ten thousand codes.
    private func crowd(on daemon: Daemon) async throws -> [String] {
        let store = try SQLiteStore(folder: daemon.folder)
        let identity = try await ServerIdentity.kept(in: store, at: SystemClock.milliseconds())
        let keys = (0..<streams).map { _ in SigningKey() }
        let now = SystemClock.milliseconds()
        let devices = keys.enumerated().map { number, key in
            StoredDevice(
                id: key.publicKey.deviceID,
                publicKey: key.publicKey.bytes,
                name: "\(number)",
                grants: [
                    Grant(
                        number: 1,
                        areas: [Self.everybody, Self.area(number / 10)].compactMap {
                            AreaCode($0)
                        }
                    )
                ],
                chain: Chain.start,
                enrolledAt: now,
                software: "residence-bench"
            )
        }
        try await store.write { transaction in
            for device in devices { try transaction.save(device) }
        }
        let server = identity.key.publicKey.fingerprint
        var tokens: [String] = []
        for key in keys {
            tokens.append(try await DeviceToken.signed(by: key, for: server, at: now))
        }
        return tokens
    }

    private func listen(_ tokens: [String], on daemon: Daemon, _ ear: Ear) async throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let context = tls ? try NIOSSLContext(configuration: configuration) : nil
        let group = MultiThreadedEventLoopGroup.singleton
        var begun = 0
        for (number, token) in tokens.enumerated() {
            let request =
                "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
            _ = try await ClientBootstrap(group: group)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let context {
                            try pipeline.addHandler(
                                NIOSSLClientHandler(context: context, serverHostname: nil)
                            )
                        }
                        try pipeline.addHandler(Listener(number, request, ear))
                    }
                }
                .connect(host: "127.0.0.1", port: daemon.port).get()
            begun += 1
            // The daemon's backlog holds a few hundred.
            if begun % 100 == 0 { try await ear.wait(for: Array(0..<begun), heard: 1) }
        }
        try await ear.wait(for: Array(0..<tokens.count), heard: 1)
    }

    /// Milliseconds from a batch's sending to its event, for each device that it concerns.
    private func wake(
        _ ear: Ear,
        _ driver: Driver,
        _ number: Int,
        _ area: String,
        _ members: [Int]
    ) async throws -> [Double] {
        let counts = ear.counts(of: members)
        let sent = ContinuousClock.now
        _ = try await driver.send(number, in: area)
        try await ear.wait(for: members, beyond: counts)
        return ear.times(of: members).map { ($0 - sent) / .milliseconds(1) }
    }
}

/// Who has heard how many events, and the last one when.
private final class Ear: Sendable {
    private struct State {
        var counts: [Int]
        var times: [ContinuousClock.Instant]
        var refused = 0
    }

    private let state: Mutex<State>

    init(count: Int) {
        state = Mutex(
            State(
                counts: Array(repeating: 0, count: count),
                times: Array(repeating: .now, count: count)
            )
        )
    }

    func heard(_ number: Int) {
        let now = ContinuousClock.now
        state.withLock { state in
            state.counts[number] += 1
            state.times[number] = now
        }
    }

    func refused() { state.withLock { $0.refused += 1 } }

    func members(of group: Int) -> [Int] {
        let count = state.withLock { $0.counts.count }
        return Array(group * 10..<min(group * 10 + 10, count))
    }

    func counts(of members: [Int]) -> [Int] { state.withLock { s in members.map { s.counts[$0] } } }

    func times(of members: [Int]) -> [ContinuousClock.Instant] {
        state.withLock { state in members.map { state.times[$0] } }
    }

    func wait(for members: [Int], heard count: Int) async throws {
        try await wait(for: members, beyond: members.map { _ in count - 1 })
    }

    /// Throws where somebody was refused, or heard nothing for half a minute.
    func wait(for members: [Int], beyond counts: [Int]) async throws {
        for _ in 0..<30_000 {
            let (isDone, refused) = state.withLock { state in
                (zip(members, counts).allSatisfy { state.counts[$0] > $1 }, state.refused)
            }
            if refused > 0 { throw BenchError("\(refused) streams were refused or cut") }
            if isDone { return }
            try await ContinuousClock().sleep(for: .milliseconds(1))
        }
        throw BenchError("somebody heard nothing for half a minute")
    }
}

/// One stream: it counts events.
private final class Listener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let number: Int
    private let request: String
    private let ear: Ear

    init(_ number: Int, _ request: String, _ ear: Ear) {
        (self.number, self.request, self.ear) = (number, request, ear)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: unwrapInboundIn(data))
        if text.contains("event: news") { ear.heard(number) }
        if text.contains("event: goodbye") || text.contains("HTTP/1.1 4")
            || text.contains("HTTP/1.1 5")
        {
            ear.refused()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ear.refused()
        context.close(promise: nil)
    }
}

/// The device that captures, by the real transport.
private final class Driver {
    private let transport = HTTPTransport()
    private let address: ServerAddress
    private var device: DrivenDevice

    init(link: String) async throws {
        let parts = link.split(separator: "#")
        let values = Dictionary(
            parts[1].split(separator: "&").map { $0.split(separator: "=").map(String.init) }
                .map { ($0[0], $0[1]) }
        ) { first, _ in first }
        address = ServerAddress(
            url: String(parts[0].dropLast("/enroll".count)),
            pin: values["tls"]
        )
        let key = SigningKey()
        let answer = try await transport.enrol(
            EnrolmentRequest(
                code: values["code"] ?? "",
                publicKey: key.publicKey.bytes,
                software: "residence-bench"
            ),
            at: address
        )
        device = DrivenDevice(
            key: key,
            server: values["key"] ?? "",
            epoch: answer.epoch,
            grant: answer.grant.number
        )
    }

    /// One batch of one change.
    func send(_ number: Int, in area: String) async throws -> SyncResponse {
        let now = SystemClock.milliseconds()
        var random = SystemRandomNumberGenerator()
        var change = Change(
            record: RecordID.minted(at: now, using: &random),
            type: Dwelling.recordType.number,
            base: .none,
            observedAt: now
        )
        let message = Dwelling {
            $0.address = "人民路\(number)号"
            $0.area = area
            $0.kind = .rented
        }
        change.fields = message.fieldMap
        change.grant = device.grant
        var request = device.request([change])
        request.budget = 1
        let response = try await transport.sync(
            request,
            to: address,
            token: device.token()
        ).response
        guard response.outcomes.first?.kind == .applied else {
            throw BenchError("a capture was not accepted")
        }
        return response
    }
}
