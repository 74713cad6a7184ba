import SyncProtocol
import SyncTrust
import Testing

struct DeviceTokenTests {
    private let server = Sample.server.publicKey.fingerprint

    private func token(by key: SigningKey = Sample.device) async throws -> String {
        try await DeviceToken.signed(by: key, for: server, at: Sample.now)
    }

    @Test("[A-02] a token says which device it comes from and holds for the server that it names")
    func holds() async throws {
        let token = try await token()

        let claimed = try await DeviceToken.claimedDevice(token)
        let refusal = await Sample.refusal(of: token, for: server)

        #expect(claimed == Sample.device.publicKey.deviceID)
        #expect(refusal == nil)
    }

    @Test("[A-02] a token signed with another key is refused")
    func wrongKey() async throws {
        let token = try await token(by: Sample.otherDevice)

        let refusal = await Sample.refusal(of: token, for: server)

        #expect(refusal == "signature_invalid")
    }

    @Test("[A-02] a token meant for another server is refused")
    func wrongAudience() async throws {
        let token = try await token()

        let refusal = await Sample.refusal(
            of: token,
            for: Sample.otherServer.publicKey.fingerprint
        )

        #expect(refusal == "audience_wrong")
    }

    @Test("[A-02] a token of which a part was exchanged is refused", arguments: 0..<3)
    func tampered(part: Int) async throws {
        let mine = try await token().split(separator: ".")
        let other = try await DeviceToken.signed(
            by: Sample.otherDevice,
            for: server,
            at: Sample.now + 9_000
        ).split(separator: ".")
        var parts = mine
        // The headers of all tokens are alike: that one is replaced by one without a signature.
        parts[part] = part == 0 ? "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" : other[part]

        let refusal = await Sample.refusal(of: parts.joined(separator: "."), for: server)

        #expect(mine.count == 3)
        #expect(refusal == "signature_invalid")
    }

    @Test("[A-02] a token without its signature is refused")
    func unsigned() async throws {
        let parts = try await token().split(separator: ".")

        let refusal = await Sample.refusal(of: "\(parts[0]).\(parts[1]).", for: server)

        #expect(refusal == "signature_invalid")
    }

    @Test(
        "[A-04] what is no token at all has a code of its own",
        arguments: ["", "x", "a.b.c", "e30.e30.e30"]
    )
    func malformed(text: String) async {
        let error = await #expect(throws: SyncError.self) {
            try await DeviceToken.claimedDevice(text)
        }

        #expect(error?.code.rawValue == "token_malformed")
    }

    @Test(
        "[A-04] signature, audience and time are checked in this order, each with a code of its own"
    )
    func order() async throws {
        let token = try await token()
        let years = Sample.now + 100_000_000_000

        let all = await Sample.refusal(
            of: token,
            by: Sample.otherDevice.publicKey,
            for: "other",
            at: years
        )
        let two = await Sample.refusal(of: token, for: "other", at: years)
        let one = await Sample.refusal(of: token, for: server, at: years)

        #expect([all, two, one] == ["signature_invalid", "audience_wrong", "token_time"])
    }
}
