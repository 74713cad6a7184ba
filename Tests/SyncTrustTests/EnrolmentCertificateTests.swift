import SyncProtocol
import SyncTrust
import Testing

struct EnrolmentCertificateTests {
    private let server = Sample.server
    private let device = Sample.device.publicKey

    private func certificate() async throws -> String {
        try await EnrolmentCertificate.signed(
            by: server,
            for: device,
            epoch: Epoch(rawValue: 7),
            at: Sample.now
        )
    }

    @Test(
        "[A-03] a certificate holds for the device that was enrolled, by the server that enrolled it"
    )
    func holds() async throws {
        let certificate = try await certificate()

        let holds = await EnrolmentCertificate.holds(
            certificate,
            by: server.publicKey,
            for: device
        )

        #expect(holds)
    }

    @Test("[A-03] a certificate of another server does not hold")
    func otherServer() async throws {
        let certificate = try await certificate()

        let holds = await EnrolmentCertificate.holds(
            certificate,
            by: Sample.otherServer.publicKey,
            for: device
        )

        #expect(!holds)
    }

    @Test("[A-03] a certificate for another device does not hold")
    func otherDevice() async throws {
        let certificate = try await certificate()

        let holds = await EnrolmentCertificate.holds(
            certificate,
            by: server.publicKey,
            for: Sample.otherDevice.publicKey
        )

        #expect(!holds)
    }

    @Test("[A-03] a certificate of which a part was exchanged does not hold", arguments: [1, 2])
    func tampered(part: Int) async throws {
        var parts = try await certificate().split(separator: ".")
        let other = try await EnrolmentCertificate.signed(
            by: Sample.otherServer,
            for: device,
            epoch: Epoch(rawValue: 8),
            at: Sample.now
        ).split(separator: ".")
        parts[part] = other[part]

        let holds = await EnrolmentCertificate.holds(
            parts.joined(separator: "."),
            by: server.publicKey,
            for: device
        )

        #expect(!holds)
    }

    @Test("[A-03] a device's own token is no certificate, and neither is nonsense")
    func otherTokens() async throws {
        let token = try await DeviceToken.signed(by: server, for: "server", at: Sample.now)

        for text in [token, "", "a.b.c", "e30.e30.e30"] {
            let holds = await EnrolmentCertificate.holds(text, by: server.publicKey, for: device)
            #expect(!holds)
        }
    }
}
