internal import NIOCore
internal import NIOSSL
internal import SyncClient
internal import SyncTrust
internal import Synchronization

// > [A-10] A device connects to nobody but the holder of the key that its link pinned, whatever the names and
// > dates of the certificate.

/// Whether a server is the one that it should be.
final class ServerTrust: Sendable {
    private let context: NIOSSLContext
    private let refused = Mutex(false)
    private let pins: [String]
    /// The name to ask for; none of an address, which TLS does not carry.
    private let name: String?

    init(_ server: ServerAddress, host: String) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        // A pinned key has no other name.
        if !server.pins.isEmpty { configuration.certificateVerification = .noHostnameVerification }
        context = try NIOSSLContext(configuration: configuration)
        pins = server.pins
        let isAddress = host.contains(":") || host.allSatisfy { $0.isNumber || $0 == "." }
        name = isAddress ? nil : host
    }

    /// Whether it was another than the one that was pinned.
    var hasRefused: Bool { refused.withLock { $0 } }

    /// Whether an error says that no authority vouches for the server.
    static func isRefusal(_ error: any Error) -> Bool {
        if case NIOSSLError.handshakeFailed = error {
            return "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
        }
        return error is NIOSSLExtraError
    }

    /// The handler of one connection.
    func handler() throws -> NIOSSLClientHandler {
        guard !pins.isEmpty else {
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        // That the server holds the certificate's key, the handshake itself has proved.
        return try NIOSSLClientHandler(
            context: context,
            serverHostname: name,
            customVerificationCallback: { [self] certificates, promise in
                let key = try? certificates.first?.extractPublicKey().toSPKIBytes()
                let isOurs =
                    key.map { pins.contains(ServerCertificate.pin(ofPublicKey: $0)) } ?? false
                refused.withLock { $0 = !isOurs }
                promise.succeed(isOurs ? .certificateVerified : .failed)
            }
        )
    }
}
