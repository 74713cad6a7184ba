import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import ServerHTTP
import StoreSQLite
import Synchronization
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// A clock that stands still until a story moves it.
final class TestClock: Sendable {
    private let time = Mutex<Int64>(1_767_268_800_000)

    /// In milliseconds since 1970.
    var now: Int64 { time.withLock { $0 } }

    func advance(by milliseconds: Int64) { time.withLock { $0 += milliseconds } }
}

/// A server that answers requests, on an empty store.
struct TestHost: Sendable {
    let store: SQLiteStore
    let service: SyncService
    let clock: TestClock
    let client: any TestClientProtocol

    /// Tells a story of a new server; its folder is removed afterwards.
    static func run(
        limits: Limits = Limits(),
        traffic: TrafficLimits = TrafficLimits(),
        _ story: @escaping @Sendable (TestHost) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "host-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let clock = TestClock()
        let store = try SQLiteStore(folder: folder)
        let service = SyncService(
            store: store,
            identity: try await ServerIdentity.kept(in: store, at: clock.now),
            rules: SchemaRules(),
            limits: limits,
            clock: { clock.now }
        )
        let router = SyncApplication.router(
            for: service,
            limits: limits,
            traffic: traffic,
            clock: { Double(clock.now) / 1000 },
            metrics: PrometheusMetrics()
        )
        try await Application(router: router).test(.router) { client in
            try await story(TestHost(store: store, service: service, clock: clock, client: client))
        }
    }

    /// Enrols a device.
    func enrol(_ name: String = "林小梅", in towns: String...) async throws -> SigningKey {
        let key = SigningKey()
        let expected = try await service.expectDevice(named: name, areas: towns.map { area($0) })
        _ = try await service.enrol(
            EnrolmentRequest(
                code: expected.code.description,
                publicKey: key.publicKey.bytes,
                software: "test/1"
            )
        )
        return key
    }

    /// The headers of a device's request; its clock may be off.
    func headers(of key: SigningKey, clock: Int64? = nil) async throws -> HTTPFields {
        let token = try await DeviceToken.signed(
            by: key,
            for: service.fingerprint,
            at: clock ?? self.clock.now
        )
        return [.authorization: "Bearer \(token)"]
    }

    func get(_ path: String, _ headers: HTTPFields = [:]) async throws -> TestResponse {
        try await client.executeRequest(uri: path, method: .get, headers: headers, body: nil)
    }

    func post(
        _ path: String,
        _ body: [UInt8],
        _ headers: HTTPFields = [:]
    ) async throws -> TestResponse {
        try await client.executeRequest(
            uri: path,
            method: .post,
            headers: headers,
            body: ByteBuffer(bytes: body)
        )
    }

    /// One sync in protobuf without packing.
    func sync(_ request: SyncRequest, by key: SigningKey) async throws -> TestResponse {
        try await post("/v1/sync", request.encoded, headers(of: key))
    }
}

extension TestResponse {
    /// The body as it came.
    var bytes: [UInt8] { Array(body.readableBytesView) }

    /// The body as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The header in which every answer tells its request's id.
    var requestID: String? { HTTPField.Name("X-Request-Id").flatMap { headers[$0] } }

    /// The body of an error.
    func problem() throws -> ProblemDocument {
        #expect(headers[.contentType] == "application/problem+json")
        return try JSONDecoder().decode(ProblemDocument.self, from: Data(bytes))
    }
}

/// What every error over HTTP looks like.
struct ProblemDocument: Decodable {
    var type: String
    var title: String
    var status: Int
    var code: String
    var hint: String
    var subject: String?
    var requestID: String
    var serverTime: Int64

    enum CodingKeys: String, CodingKey {
        case type, title, status, code, hint, subject
        case requestID = "request_id"
        case serverTime = "server_time"
    }
}

func area(_ digits: String) -> AreaCode {
    guard let area = AreaCode(digits) else { preconditionFailure("\(digits) is no area") }
    return area
}

func id(_ number: UInt8) -> RecordID {
    RecordID(derivedFrom: [UInt8](repeating: number, count: 16))
}

/// A request that captures dwellings in a town, the first change with number 1.
func capture(_ numbers: ClosedRange<UInt8>, in town: String, epoch: Epoch = .none) -> SyncRequest {
    var request = SyncRequest()
    request.epoch = epoch
    request.firstSequence = SequenceNumber(rawValue: 1)
    request.payloads = numbers.map { number in
        var change = Change(
            record: id(number),
            type: Dwelling.recordType.number,
            base: .none,
            observedAt: 1_767_268_800_000
        )
        let message = Dwelling {
            $0.address = "人民路\(number)号"
            $0.area = town
            $0.kind = .rented
        }
        change.fields = message.fieldMap
        change.grant = 1
        return change.payload
    }
    return request
}
