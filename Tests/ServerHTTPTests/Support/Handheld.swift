import Foundation
import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// A device in a story: it numbers its changes, and asks over HTTP by its own token.
///
/// To send and to read are two things: what a device sends does not tell it any news.
struct Handheld: Sendable {
    let host: TestHost
    let key: SigningKey
    private let epoch: Epoch
    private var sent: UInt64 = 0

    init(host: TestHost, key: SigningKey, epoch: Epoch) {
        self.host = host
        self.key = key
        self.epoch = epoch
    }

    /// The device's id.
    var id: DeviceID { key.publicKey.deviceID }

    /// A change to a record that its author saw at a revision; a creation where it saw none.
    func change(
        _ id: RecordID,
        to message: some RecordMessage,
        saw revision: UInt64 = 0
    ) -> Change {
        var change = blank(id, type(of: message).recordType, saw: revision)
        change.fields = message.fieldMap
        return change
    }

    /// A deletion by somebody who saw a revision.
    func deletion(of id: RecordID, _ type: RecordType, saw revision: UInt64) -> Change {
        var change = blank(id, type, saw: revision)
        change.deletion = Change.Deletion(reason: 1, text: "")
        return change
    }

    private func blank(_ id: RecordID, _ type: RecordType, saw revision: UInt64) -> Change {
        var change = Change(
            record: id,
            type: type.number,
            base: revision == 0
                ? .none : Base(epoch: epoch, revision: Revision(rawValue: revision)),
            observedAt: host.clock.now
        )
        change.grant = 1
        return change
    }

    /// Numbers changes and sends them as one batch; what became of each.
    @discardableResult
    mutating func send(_ changes: Change...) async throws -> [Outcome.Kind] {
        try await outcomes(ofEach: changes).map(\.kind)
    }

    /// The same, with what the server says of each.
    mutating func outcomes(of changes: Change...) async throws -> [Outcome] {
        try await outcomes(ofEach: changes)
    }

    private mutating func outcomes(ofEach changes: [Change]) async throws -> [Outcome] {
        var request = SyncRequest()
        request.epoch = epoch
        request.grant = 1
        request.firstSequence = SequenceNumber(rawValue: sent + 1)
        request.payloads = changes.map(\.payload)
        let answer = try await host.sync(request, by: key)
        try #require(answer.status == .ok, "\(answer.text)")
        sent += UInt64(changes.count)
        return try SyncResponse(answer.bytes).outcomes
    }

    /// Asks for something.
    func get(_ path: String) async throws -> TestResponse {
        try await host.get(path, host.headers(of: key))
    }

    /// Asks for something and reads its JSON.
    func read<Answer: Decodable>(_ path: String) async throws -> Answer {
        let answer = try await get(path)
        try #require(answer.status == .ok, "\(answer.text)")
        return try answer.decoded()
    }

    /// Sends JSON.
    func post(_ path: String, _ json: String) async throws -> TestResponse {
        var headers = try await host.headers(of: key)
        headers[.contentType] = "application/json"
        return try await host.post(path, Array(json.utf8), headers)
    }
}

extension TestHost {
    /// Enrols a device with a role.
    func handheld(
        _ name: String,
        as role: Role = .coordinator,
        of department: String? = nil,
        within scope: GrantScope? = nil,
        in towns: String...
    ) async throws -> Handheld {
        let key = SigningKey()
        let expected = try await service.expectDevice(
            named: name,
            areas: towns.map { area($0) },
            department: department,
            role: role,
            scope: scope
        )
        let answer = try await service.enrol(
            EnrolmentRequest(
                code: expected.code.description,
                publicKey: key.publicKey.bytes,
                software: "test/1"
            )
        )
        return Handheld(host: self, key: key, epoch: answer.epoch)
    }

    /// What a department's device is told when it is enrolled.
    func enrolment(within scope: GrantScope) async throws -> EnrolmentResponse {
        let expected = try await service.expectDevice(
            named: "住建",
            areas: [area("330921")],
            department: "住建",
            scope: scope
        )
        return try await service.enrol(
            EnrolmentRequest(
                code: expected.code.description,
                publicKey: SigningKey().publicKey.bytes,
                software: "test/1"
            )
        )
    }

    /// A request by any method, without a token.
    func request(_ method: HTTPRequest.Method, _ path: String) async throws -> TestResponse {
        try await client.executeRequest(uri: path, method: method, headers: [:], body: nil)
    }
}

extension TestResponse {
    /// The body as JSON.
    func decoded<Answer: Decodable>() throws -> Answer {
        try JSONDecoder().decode(Answer.self, from: Data(bytes))
    }
}

/// A whole person.
func person(
    _ name: String,
    in town: String,
    number: String = "34011119701005450X"
) -> Person {
    Person {
        $0.name = name
        $0.sex = .female
        $0.documentType = .residentID
        $0.documentNumber = number
        $0.capturedIn = [town]
    }
}

/// A whole dwelling.
func dwelling(in town: String) -> Dwelling {
    Dwelling {
        $0.address = "人民路1号"
        $0.area = town
        $0.kind = .rented
    }
}
