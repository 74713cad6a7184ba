internal import SyncProtocol
internal import SyncTrust

/// Sealed outboxes: nothing that was changed is opened, and nothing passes under a signature that
/// was not made for it.
///
/// The first byte chooses: bytes as they came, or a genuine outbox with some bytes changed, each by three
/// bytes that say where and how.
struct OutboxTarget: FuzzTarget {
    private let server: SigningKey
    private let device: SigningKey
    private let genuine: Outbox
    private let sealed: SealedOutbox

    init() {
        guard let server = SigningKey(seed: [UInt8](repeating: 1, count: 32)),
            let device = SigningKey(seed: [UInt8](repeating: 2, count: 32)),
            let sealed = try? Sealing.seal(
                Self.outbox(of: device),
                by: device,
                to: Sealing.key(of: server)
            ), let opened = try? Sealing.open(sealed, by: server)
        else { broken("an outbox is sealed and opened") }
        self.server = server
        self.device = device
        self.sealed = sealed
        genuine = opened
        expect(isSigned(genuine), "an outbox is signed by its device")
    }

    private static func outbox(of device: SigningKey) -> Outbox {
        var request = SyncRequest()
        request.epoch = Epoch(rawValue: 5)
        request.firstSequence = SequenceNumber(rawValue: 1)
        request.payloads = [Array("a change".utf8), Array("another".utf8)]
        request.chain = [UInt8](repeating: 9, count: 32)
        return Outbox(
            device: device.publicKey.deviceID,
            requests: [request],
            sealedAt: 1_790_000_000_000
        )
    }

    func run(_ bytes: [UInt8]) {
        guard let kind = bytes.first else { return }
        let body = Array(bytes.dropFirst())
        switch kind % 4 {
        case 0: open(body)
        case 1: open(edited(sealed.encoded, by: body))
        case 2: read(body)
        default: read(edited(genuine.encoded, by: body))
        }
    }

    private func open(_ bytes: [UInt8]) {
        guard let container = try? SealedOutbox(bytes),
            let opened = try? Sealing.open(container, by: server)
        else { return }
        expect(container == sealed, "an outbox that was changed is not opened")
        expect(opened == genuine, "an outbox is opened as it was sealed")
    }

    private func read(_ bytes: [UInt8]) {
        guard let outbox = try? Outbox(bytes), isSigned(outbox) else { return }
        expect(outbox == genuine, "nothing passes under a signature that was not made for it")
    }

    private func isSigned(_ outbox: Outbox) -> Bool {
        device.publicKey.verifies(outbox.signature, of: outbox.signedBytes)
    }

    private func edited(_ bytes: [UInt8], by edits: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for start in stride(from: 0, to: edits.count - 2, by: 3) {
            let place = (Int(edits[start]) << 8 | Int(edits[start + 1])) % bytes.count
            bytes[place] ^= edits[start + 2]
        }
        return bytes
    }
}
