internal import Crypto
public import Foundation
internal import SwiftASN1
internal import SyncProtocol
internal import X509

// > [A-10] A device connects to nobody but the holder of the key that its link pinned, whatever the names and
// > dates of the certificate.

/// The server's certificate for TLS, and what devices pin of it.
public enum ServerCertificate {
    /// What is pinned of a certificate: SHA-256 of its public key's SubjectPublicKeyInfo, 64 hexadecimal digits.
    public static func pin(ofPublicKey info: [UInt8]) -> String {
        Array(SHA256.hash(data: info)).hexadecimal
    }

    /// A new P-256 key, in PEM.
    public static func newKey() -> String { P256.Signing.PrivateKey().pemRepresentation }

    /// What devices pin of a P-256 key in PEM.
    ///
    /// Throws `key_malformed`.
    public static func pin(ofKey keyPEM: String) throws -> String {
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: keyPEM) else {
            throw SyncError.keyIsNoPEM
        }
        return pin(ofPublicKey: Array(key.publicKey.derRepresentation))
    }

    /// A certificate that a key signs for itself, in PEM: enough where the key is pinned.
    ///
    /// `hosts` are names and IPv4 addresses. Throws `key_malformed` where the key is no P-256 key in PEM.
    public static func selfSigned(
        by keyPEM: String,
        for hosts: [String],
        from start: Date,
        until end: Date
    ) throws -> String {
        guard let key = try? P256.Signing.PrivateKey(pemRepresentation: keyPEM) else {
            throw SyncError.keyIsNoPEM
        }
        let name = try DistinguishedName { CommonName("ResidenceSync") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: Certificate.PublicKey(key.publicKey),
            notValidBefore: start,
            notValidAfter: end,
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(hosts.map(general))
            },
            issuerPrivateKey: Certificate.PrivateKey(key)
        )
        return try certificate.serializeAsPEM().pemString
    }

    private static func general(_ host: String) -> GeneralName {
        let numbers = host.split(separator: ".").compactMap { UInt8($0) }
        return numbers.count == 4
            ? .ipAddress(ASN1OctetString(contentBytes: numbers[...])) : .dnsName(host)
    }
}

extension SyncError {
    fileprivate static let keyIsNoPEM = SyncError(
        "key_malformed",
        "密钥文件不是 P-256 私钥 The key's file holds no P-256 key in PEM",
        hint: "residence-syncd certificate make 可另生成一个。 It makes another one."
    )
}
