internal import SyncProtocol

/// The messages of the sync protocol in protobuf: what decodes encodes and decodes to the same.
///
/// The first byte chooses the message.
struct MessagesTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return }
        let body = Array(bytes.dropFirst())
        switch kind % 11 {
        case 0: change(body)
        case 1: expectRoundTrip(body, \.encoded) { try SyncRequest($0, as: .protobuf) }
        case 2: expectRoundTrip(body, \.encoded) { try response($0) }
        case 3: expectRoundTrip(body, \.encoded) { try EnrolmentRequest($0, as: .protobuf) }
        case 4: enrolment(body)
        case 5: expectRoundTrip(body, \.encoded) { try RepairRequest($0, as: .protobuf) }
        case 6: expectRoundTrip(body, \.encoded) { try repair($0) }
        case 7: expectRoundTrip(body, \.encoded) { try Outbox($0) }
        case 8: expectRoundTrip(body, \.encoded) { try SealedOutbox($0) }
        case 9: expectRoundTrip(body, \.encoded) { conflict($0) }
        default: expectRoundTrip(body, \.encoded) { SyncReceipt($0) }
        }
    }

    private func response(_ body: [UInt8]) throws -> SyncResponse {
        var response = try SyncResponse(body)
        for page in response.pages.indices {
            response.pages[page].records = response.pages[page].records.map(travelling)
        }
        return response
    }

    private func repair(_ body: [UInt8]) throws -> RepairResponse {
        var response = try RepairResponse(body)
        for leaf in response.leaves.indices {
            response.leaves[leaf].records = response.leaves[leaf].records.map(travelling)
        }
        return response
    }

    /// A copy as we would send it: a tombstone's message does not travel.
    private func travelling(_ copy: RecordCopy) -> RecordCopy {
        var copy = copy
        if copy.isDeleted { copy.message = [] }
        return copy
    }

    /// Conflicts of the first version name no type, and the store completes them before anybody encodes them.
    private func conflict(_ body: [UInt8]) -> ConflictEntry? {
        ConflictEntry(body).flatMap { $0.type == 0 ? nil : $0 }
    }

    private func enrolment(_ body: [UInt8]) {
        expectRoundTrip(body, { $0.encoded(as: .protobuf) }, { try EnrolmentResponse($0) })
        if let answer = try? EnrolmentResponse(body) { _ = answer.encoded(as: .json) }
    }

    private func change(_ body: [UInt8]) {
        let epoch = Epoch(rawValue: 3)
        expectRoundTrip(body, \.payload) { try Change(payload: $0, epoch: epoch) }
        guard let change = try? Change(payload: body, epoch: epoch) else { return }
        expect(Change.record(of: body) == change.record, "a payload names the change's record")
        guard let type = Schema.current.type(change.type),
            let canonical = try? change.canonical(as: type)
        else { return }
        expect(
            (try? canonical.canonical(as: type)) == canonical,
            "the canonical form of a change is canonical"
        )
        expectRoundTrip(canonical.payload, \.payload) { try Change(payload: $0, epoch: epoch) }
    }
}
