internal import Foundation
internal import JWTKit
public import SyncProtocol

/// A bearer token that a device signs for itself: no session can expire while it is offline.
///
/// > [A-02] A device signs its own tokens: a JWT (EdDSA), `sub` its id, `aud` the fingerprint of
/// > the server's key, `iat` and `exp` at most ten minutes apart.
public enum DeviceToken {
    /// How long a token holds, in seconds.
    public static let lifetime: Int64 = 300
    /// How long a token may hold at most, in seconds.
    static let longest: Int64 = 600
    /// By how much clocks may differ before a token is sent back with the server's time, in seconds.
    static let leeway: Int64 = 60

    struct Claims: JWTPayload {
        var sub: String
        var aud: String
        var iat: Int64
        var exp: Int64

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// A token for a server, as of a moment in milliseconds since 1970.
    public static func signed(
        by key: SigningKey,
        for server: String,
        at now: Int64
    ) async throws -> String {
        let claims = Claims(
            sub: key.publicKey.deviceID.description,
            aud: server,
            iat: now / 1000,
            exp: now / 1000 + lifetime
        )
        let keys = await JWTKeyCollection().add(eddsa: EdDSA.PrivateKey(backing: key.key))
        return try await keys.sign(claims)
    }

    /// The device that a token says it comes from, nothing checked yet.
    ///
    /// Throws `token_malformed`.
    public static func claimedDevice(_ token: String) async throws -> DeviceID {
        guard
            let claims = try? await JWTKeyCollection().unverified(token, as: Claims.self),
            let device = DeviceID(claims.sub)
        else { throw SyncError.tokenMalformed }
        return device
    }

    /// Checks a token's signature, audience and times, in this order.
    ///
    /// Throws `signature_invalid`, `audience_wrong` or `token_time`; the last wants to be answered
    /// with the server's time [T-02].
    public static func check(
        _ token: String,
        by key: PublicKey,
        for server: String,
        at now: Int64
    ) async throws {
        try await verified(token, by: key, for: server).check(at: now)
    }

    /// A token whose signature and audience were checked: its times are what is left to check.
    public struct Verified: Hashable, Sendable {
        /// The device that signed it.
        public let device: DeviceID
        /// The key by which it was checked, 32 bytes.
        public let key: [UInt8]
        fileprivate let issuedAt: Int64
        fileprivate let expiresAt: Int64

        /// Throws `token_time` where its times do not fit a moment in milliseconds since 1970.
        public func check(at now: Int64) throws(SyncError) {
            let seconds = now / 1000
            let range: ClosedRange<Int64> = 0...(1 << 52)
            guard range.contains(issuedAt), range.contains(expiresAt),
                expiresAt - issuedAt <= longest, issuedAt - leeway <= seconds,
                seconds <= expiresAt + leeway
            else {
                throw SyncError(
                    "token_time",
                    "The token's times do not fit the server's clock",
                    hint: "Sign again with iat and exp by the server_time of this answer."
                )
            }
        }
    }

    /// Checks a token's signature and audience, in this order.
    ///
    /// Throws `signature_invalid` or `audience_wrong`.
    public static func verified(
        _ token: String,
        by key: PublicKey,
        for server: String
    ) async throws -> Verified {
        let keys = await JWTKeyCollection().add(eddsa: EdDSA.PublicKey(backing: key.key))
        guard let claims = try? await keys.verify(token, as: Claims.self) else {
            throw SyncError(
                "signature_invalid",
                "The token is not signed with the key of its device",
                hint: "Sign with the key that was enrolled, or enrol again."
            )
        }
        guard claims.aud == server else {
            throw SyncError(
                "audience_wrong",
                "The token is meant for another server",
                hint: "Set aud to this server's fingerprint: \(server)."
            )
        }
        return Verified(
            device: key.deviceID,
            key: key.bytes,
            issuedAt: claims.iat,
            expiresAt: claims.exp
        )
    }
}

/// The server's signature under an enrolment: this device, with this key, in this epoch.
public enum EnrolmentCertificate {
    struct Claims: JWTPayload {
        var iss: String
        var sub: String
        var key: String
        var epoch: UInt64
        var iat: Int64

        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    /// A certificate for a device's key, as of a moment in milliseconds since 1970.
    public static func signed(
        by server: SigningKey,
        for device: PublicKey,
        epoch: Epoch,
        at now: Int64
    ) async throws -> String {
        let claims = Claims(
            iss: server.publicKey.fingerprint,
            sub: device.deviceID.description,
            key: device.bytes.hexadecimal,
            epoch: epoch.rawValue,
            iat: now / 1000
        )
        let keys = await JWTKeyCollection().add(eddsa: EdDSA.PrivateKey(backing: server.key))
        return try await keys.sign(claims)
    }

    /// Whether a server signed that this very key was enrolled.
    public static func holds(
        _ certificate: String,
        by server: PublicKey,
        for device: PublicKey
    ) async -> Bool {
        let keys = await JWTKeyCollection().add(eddsa: EdDSA.PublicKey(backing: server.key))
        guard let claims = try? await keys.verify(certificate, as: Claims.self) else {
            return false
        }
        return claims.iss == server.fingerprint && claims.sub == device.deviceID.description
            && claims.key == device.bytes.hexadecimal
    }
}

extension SyncError {
    static let tokenMalformed = SyncError(
        "token_malformed",
        "The token is not a JWT of a device",
        hint: "Send Authorization: Bearer followed by what `residence token` prints."
    )
}
