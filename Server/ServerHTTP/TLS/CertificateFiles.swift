internal import Foundation
internal import HummingbirdTLS
package import Logging
internal import NIOCore
internal import NIOSSL
internal import SyncProtocol
internal import SyncTrust
internal import Synchronization

/// The files of the server's certificate and key, in PEM; read again when they change.
///
/// What cannot be read, or does not fit together, is reported, and the last that was good goes on.
public final class CertificateFiles: Sendable {
    private struct State {
        var chain: [NIOSSLCertificate]
        var key: NIOSSLPrivateKey
        var stamp: [Date]
        var lookedAt: Int64
    }

    private let certificate: String
    private let key: String
    private let isPinned: Bool
    private let state: Mutex<State>

    /// How often, at most, the files' times are looked at, in milliseconds.
    private static let interval: Int64 = 1_000

    /// The files as they are now.
    ///
    /// Where devices pin the key, files of another key are not taken. Throws `certificate_unreadable` with the
    /// file's name and `certificate_unfit` where they are not of one key.
    public init(certificate: String, key: String, isPinned: Bool = true) throws {
        self.certificate = certificate
        self.key = key
        self.isPinned = isPinned
        let (chain, privateKey) = try Self.read(certificate, key)
        state = Mutex(
            State(
                chain: chain,
                key: privateKey,
                stamp: Self.stamp(certificate, key),
                lookedAt: 0
            )
        )
    }

    /// What devices pin.
    public var pin: String {
        get throws { try state.withLock { try Self.pin(of: $0.chain) } }
    }

    /// TLS 1.2 and later, authenticated encryption and forward secrecy only; the files are looked at again for
    /// each connection.
    func configuration(
        now: @escaping @Sendable () -> Int64,
        logger: Logger
    ) -> TLSConfiguration {
        let (chain, key) = state.withLock { ($0.chain, $0.key) }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        configuration.sslContextCallback = { [self] _, promise in
            let (chain, key) = current(at: now(), logger)
            var override = NIOSSLContextConfigurationOverride()
            override.certificateChain = chain.map { .certificate($0) }
            override.privateKey = .privateKey(key)
            promise.succeed(override)
        }
        return configuration
    }

    /// What devices would pin of what is served at a moment, in milliseconds since 1970.
    package func pinServed(at now: Int64, _ logger: Logger) throws -> String {
        try Self.pin(of: current(at: now, logger).0)
    }

    private func current(
        at now: Int64,
        _ logger: Logger
    ) -> ([NIOSSLCertificate], NIOSSLPrivateKey) {
        state.withLock { state in
            guard abs(now - state.lookedAt) >= Self.interval else {
                return (state.chain, state.key)
            }
            state.lookedAt = now
            let stamp = Self.stamp(certificate, key)
            guard stamp != state.stamp else { return (state.chain, state.key) }
            do {
                let (chain, privateKey) = try Self.read(certificate, key)
                state.stamp = stamp
                guard try !isPinned || Self.pin(of: chain) == Self.pin(of: state.chain) else {
                    logger.warning(
                        "the new certificate is of another key than devices pin: not used"
                    )
                    return (state.chain, state.key)
                }
                (state.chain, state.key) = (chain, privateKey)
                logger.info("the certificate was read again")
            } catch {
                logger.warning("the new certificate is not used", metadata: ["error": "\(error)"])
            }
            return (state.chain, state.key)
        }
    }

    private static func stamp(_ files: String...) -> [Date] {
        files.map { file in
            let attributes = try? FileManager.default.attributesOfItem(atPath: file)
            return attributes?[.modificationDate] as? Date ?? .distantPast
        }
    }

    private static func read(
        _ certificate: String,
        _ key: String
    ) throws -> ([NIOSSLCertificate], NIOSSLPrivateKey) {
        guard let chain = try? NIOSSLCertificate.fromPEMFile(certificate), !chain.isEmpty else {
            throw unreadable(certificate)
        }
        guard let privateKey = try? NIOSSLPrivateKey(file: key, format: .pem) else {
            throw unreadable(key)
        }
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(privateKey)
        )
        guard (try? NIOSSLContext(configuration: configuration)) != nil else {
            throw SyncError(
                "certificate_unfit",
                "证书与密钥不是一对 The certificate is not that of the key",
                hint: "请核对 \(certificate) 与 \(key)。 Check both files.",
                subject: certificate
            )
        }
        return (chain, privateKey)
    }

    private static func pin(of chain: [NIOSSLCertificate]) throws -> String {
        guard let leaf = chain.first else { preconditionFailure("no chain is empty that was read") }
        return ServerCertificate.pin(ofPublicKey: try leaf.extractPublicKey().toSPKIBytes())
    }

    private static func unreadable(_ file: String) -> SyncError {
        SyncError(
            "certificate_unreadable",
            "证书或密钥文件无法读取 \(file) holds no certificate or key in PEM, or cannot be read",
            hint: "residence-syncd certificate make 可生成一对。 It makes both.",
            subject: file
        )
    }
}
