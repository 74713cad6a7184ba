internal import SyncProtocol

/// Bodies in protobuf's JSON mapping: those that have a protobuf form mean the same in it.
///
/// The first byte chooses the message.
struct JSONTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return }
        let body = Array(bytes.dropFirst())
        switch kind % 9 {
        case 0: sync(body)
        case 1: same(body, \.encoded) { try EnrolmentRequest($0, as: $1) }
        case 2: same(body, \.encoded) { try RepairRequest($0, as: $1) }
        case 3: _ = try? ResolveRequest(json: body)
        case 4: _ = try? MendRequest(json: body)
        case 5: _ = try? DiscardRequest(json: body)
        case 6: _ = try? EraseRequest(json: body)
        case 7: _ = try? ReidentifyRequest(json: body)
        default: _ = try? ActRequest(json: body)
        }
    }

    private func sync(_ body: [UInt8]) {
        same(body, \.encoded) { try SyncRequest($0, as: $1) }
        guard let request = try? SyncRequest(body, as: .json) else { return }
        for payload in request.payloads {
            expectRoundTrip(payload, \.payload) { try Change(payload: $0, epoch: request.epoch) }
        }
    }

    private func same<Message: Equatable>(
        _ body: [UInt8],
        _ encode: (Message) -> [UInt8],
        _ decode: ([UInt8], BodyFormat) throws -> Message
    ) {
        guard let message = try? decode(body, .json) else { return }
        expect(
            (try? decode(encode(message), .protobuf)) == message,
            "a \(Message.self) in JSON is the same in protobuf"
        )
    }
}
