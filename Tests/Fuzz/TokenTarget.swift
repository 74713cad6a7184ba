internal import Foundation
internal import Synchronization
internal import SyncProtocol
internal import SyncTrust

/// Tokens and enrolment certificates: none is accepted but those that a key signed.
struct TokenTarget: FuzzTarget {
    private let device: PublicKey
    private let server: PublicKey

    /// Signed by the device, for this server at this time.
    ///
    /// The corpus has others that it signed: for another server, and long ago.
    private static let token =
        "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhdWQiOiIzNDc1MGY5OGJkNTlmY2ZjOTQ2ZGE"
        + "0NWFhYWJlOTMzYmUxNTRhNGI1MDk0ZTFjNGFiZjQyODY2NTA1ZjNjOTdlIiwiaWF0IjoxNzkwMDA"
        + "wMDAwLCJleHAiOjE3OTAwMDAzMDAsInN1YiI6IjZhMzgwM2Q1ZjA1OTkwMmExYzZkYWZiYzliYTQ"
        + "3MjkyIn0.uqPkqxQk4MXOG14CDWhF0Q9veaPIzBAIIIDZsoZ40nCbaHJxR2iv0nfcEyJkk2pPJfa"
        + "hSyrylDR5TqDqzqKDBg"
    /// Signed by the server for the device.
    private static let certificate =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9.eyJrZXkiOiI4MTM5NzcwZWE4N2QxNzVmNTZhMzU"
        + "0NjZjMzRjN2VjY2NiOGQ4YTkxYjRlZTM3YTI1ZGY2MGY1YjhmYzliMzk0IiwiaXNzIjoiMzQ3NTB"
        + "mOThiZDU5ZmNmYzk0NmRhNDVhYWFiZTkzM2JlMTU0YTRiNTA5NGUxYzRhYmY0Mjg2NjUwNWYzYzk"
        + "3ZSIsInN1YiI6IjZhMzgwM2Q1ZjA1OTkwMmExYzZkYWZiYzliYTQ3MjkyIiwiZXBvY2giOjUsIml"
        + "hdCI6MTc5MDAwMDAwMH0.lLbgr5y7TAemxYeejSf34PWmB7R2w0jlhV-U_l3bi_6IEgegTgJb2K_"
        + "elh7JHt9Pw30-qQEMB0PADN0LJkXJBQ"
    private static let now: Int64 = 1_790_000_000_000

    init() {
        guard let device = SigningKey(seed: [UInt8](repeating: 2, count: 32)),
            let server = SigningKey(seed: [UInt8](repeating: 1, count: 32))
        else { broken("a seed of 32 bytes is a key") }
        self.device = device.publicKey
        self.server = server.publicKey
        expect(isAccepted(Self.token), "a genuine token is accepted")
        expect(isCertified(Self.certificate), "a genuine certificate is accepted")
    }

    func run(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        if isAccepted(text) {
            expect(text.signed == Self.token.signed, "a token that nobody signed is refused")
        }
        if isCertified(text) {
            expect(
                text.signed == Self.certificate.signed,
                "a certificate that nobody signed is refused"
            )
        }
    }

    private func isAccepted(_ token: String) -> Bool {
        let (device, server) = (device, server)
        return waiting {
            let claimed = try? await DeviceToken.claimedDevice(token)
            do {
                try await DeviceToken.check(
                    token,
                    by: device,
                    for: server.fingerprint,
                    at: Self.now
                )
            } catch {
                return false
            }
            expect(claimed == device.deviceID, "a token that is accepted names its device")
            return true
        }
    }

    private func isCertified(_ certificate: String) -> Bool {
        let (device, server) = (device, server)
        return waiting {
            await EnrolmentCertificate.holds(certificate, by: server, for: device)
        }
    }

    /// What an asynchronous closure returns, for a caller that cannot wait for it otherwise.
    private func waiting(_ body: @escaping @Sendable () async -> Bool) -> Bool {
        let done = DispatchSemaphore(value: 0)
        let answer = Answer()
        Task {
            let value = await body()
            answer.value.withLock { $0 = value }
            done.signal()
        }
        done.wait()
        return answer.value.withLock { $0 }
    }

    private final class Answer: Sendable {
        let value = Mutex(false)
    }
}

extension String {
    /// A JWT without its signature: what was signed.
    fileprivate var signed: Substring { self[..<(lastIndex(of: ".") ?? endIndex)] }
}
