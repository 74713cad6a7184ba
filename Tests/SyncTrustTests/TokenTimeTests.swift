import SyncTrust
import Testing

struct TokenTimeTests {
    private let server = Sample.server.publicKey.fingerprint

    @Test(
        "[T-02] a token holds for five minutes, and clocks may differ by one more",
        arguments: [
            (-61, "token_time"), (-60, nil), (0, nil), (300, nil), (360, nil), (361, "token_time"),
            (-86_400 * 365, "token_time"), (86_400 * 365, "token_time"),
        ] as [(Int64, String?)]
    )
    func times(seconds: Int64, code: String?) async throws {
        let token = try await DeviceToken.signed(by: Sample.device, for: server, at: Sample.now)

        let refusal = await Sample.refusal(
            of: token,
            for: server,
            at: Sample.now + seconds * 1_000
        )

        #expect(refusal == code)
    }

    @Test("[T-02] a device whose clock is off is let in once it signs by the server's time")
    func signedAgain() async throws {
        let deviceTime: Int64 = 5
        let first = try await DeviceToken.signed(by: Sample.device, for: server, at: deviceTime)
        let again = try await DeviceToken.signed(by: Sample.device, for: server, at: Sample.now)

        let refused = await Sample.refusal(of: first, for: server)
        let accepted = await Sample.refusal(of: again, for: server)

        #expect(refused == "token_time")
        #expect(accepted == nil)
    }

    @Test("[A-02] a token may hold for ten minutes and no longer")
    func longest() async {
        let ten = await Sample.refusal(of: Sample.tenMinutes)
        let more = await Sample.refusal(of: Sample.overTenMinutes)

        #expect(ten == nil)
        #expect(more == "token_time")
    }

    @Test("[T-02] a token from the beginning of time is refused like any other")
    func beginningOfTime() async {
        await #expect(processExitsWith: .success) {
            let refusal = await Sample.refusal(of: Sample.beginningOfTime)
            #expect(refusal != nil)
        }
    }

    @Test("[T-02] a token for all of time is refused like any other")
    func allOfTime() async {
        await #expect(processExitsWith: .success) {
            let refusal = await Sample.refusal(of: Sample.allOfTime)
            #expect(refusal != nil)
        }
    }
}
