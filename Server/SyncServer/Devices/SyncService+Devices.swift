public import SyncProtocol
public import SyncTrust

/// The link that an operator hands to a coordinator.
public struct EnrolmentLink: Hashable, Sendable {
    /// The server's address, `https://host:port`.
    public var address: String
    /// The one-time code.
    public var code: String
    /// The fingerprint of the server's key.
    public var fingerprint: String
    /// What devices pin of the server's certificate; `nil` where authorities vouch for it, or without TLS.
    public var pin: String?

    /// A link of its parts.
    public init(address: String, code: String, fingerprint: String, pin: String? = nil) {
        self.address = address
        self.code = code
        self.fingerprint = fingerprint
        self.pin = pin
    }

    /// The link as text: `https://host:port/enroll#code=…&key=…&tls=…`.
    public var text: String {
        "\(address)/enroll#code=\(code)&key=\(fingerprint)" + (pin.map { "&tls=\($0)" } ?? "")
    }
}

/// A device that is to be enrolled.
public struct ExpectedDevice: Sendable {
    /// What it is called, and who holds it.
    public let name: String
    /// The areas that it may hold.
    public let areas: [AreaCode]
    /// The department that speaks through it; `nil` for none.
    public let department: String?
    /// What it may do; a department's is its own.
    public let role: Role
    /// What of the records it may see and say; `nil` for everything.
    public let scope: GrantScope?
    /// By which it enrols itself, once.
    public let code: OneTimeCode

    /// A device, with a new code.
    public init(
        name: String,
        areas: [AreaCode],
        department: String? = nil,
        role: Role = .coordinator,
        scope: GrantScope? = nil,
        code: OneTimeCode = OneTimeCode()
    ) {
        (self.name, self.areas, self.department) = (name, areas, department)
        (self.role, self.scope, self.code) = (role, scope, code)
    }
}

extension SyncService {
    /// How long a one-time code works, in milliseconds: a day.
    public static let codeLifetime: Int64 = 24 * 3600 * 1000

    /// Expects a device with a new one-time code, of which the hash is kept.
    ///
    /// Returns the code and when it expires, in milliseconds since 1970.
    public func expectDevice(
        named name: String,
        areas: [AreaCode],
        department: String? = nil,
        role: Role = .coordinator,
        scope: GrantScope? = nil,
        lifetime: Int64 = codeLifetime,
        code: OneTimeCode = OneTimeCode()
    ) async throws -> (code: OneTimeCode, expires: Int64) {
        let expected = ExpectedDevice(
            name: name,
            areas: areas,
            department: department,
            role: role,
            scope: scope,
            code: code
        )
        return (code, try await expectDevices([expected], lifetime: lifetime))
    }

    /// Expects devices, all of them or none, each with its one-time code, of which the hash is kept.
    ///
    /// Returns when the codes expire, in milliseconds since 1970.
    public func expectDevices(
        _ all: [ExpectedDevice],
        lifetime: Int64 = codeLifetime
    ) async throws -> Int64 {
        let expires = clock() + lifetime
        let enrolments = all.map { expected in
            Enrolment(
                codeHash: expected.code.hash,
                name: expected.name,
                areas: expected.areas,
                department: expected.department,
                role: expected.department == nil ? expected.role : .department,
                scope: expected.scope,
                expiresAt: expires
            )
        }
        try await store.write { transaction in
            for enrolment in enrolments { try transaction.save(enrolment) }
        }
        return expires
    }

    /// Enrols the device that brings a code.
    ///
    /// The same device may bring its code again, as it does when the first answer was lost. Throws
    /// `key_invalid`, `code_unknown`, `code_used` and `code_expired`; of a re-key also
    /// `predecessor_missing`, `predecessor_unexpected`, `predecessor_unfit` and `predecessor_parted`.
    public func enrol(_ request: EnrolmentRequest) async throws -> EnrolmentResponse {
        guard let key = PublicKey(bytes: request.publicKey) else {
            throw SyncError(
                "key_invalid",
                "The public key is not an Ed25519 key",
                hint: "Send its 32 bytes.",
                subject: "public_key"
            )
        }
        let now = clock()
        if let shown = request.readmission { try await readmit(key, shown, request, at: now) }
        let (device, epoch) = try await store.write { transaction in
            try (Self.admit(key, request, at: now, in: transaction), transaction.epoch())
        }
        if !request.predecessors.isEmpty { await noteRekeyed(device) }
        var answer = EnrolmentResponse(
            device: device.id,
            epoch: epoch,
            serverKey: identity.key.publicKey.bytes,
            // Whoever may not see what ids derive from could find it out with the key.
            identityKey: device.grant.scope?.coversIdentities == false
                ? [] : identity.naturalKey.bytes,
            grant: device.grantTold,
            serverTime: now,
            certificate: try await EnrolmentCertificate.signed(
                by: identity.key,
                for: key,
                epoch: epoch,
                at: now
            ),
            name: device.name
        )
        answer.sealingKey = try Sealing.key(of: identity.key)
        return answer
    }

    // > [A-01] A used, expired or unknown code is refused, each with its own code.
    private static func admit(
        _ key: PublicKey,
        _ request: EnrolmentRequest,
        at now: Int64,
        in transaction: some StoreTransaction
    ) throws -> StoredDevice {
        let hash = OneTimeCode(typed: request.code).hash
        guard var enrolment = try transaction.enrolment(codeHash: hash) else {
            throw SyncError(
                "code_unknown",
                "Nobody is expected with this code",
                hint: "Check the code, or ask the operator for a new link.",
                subject: "code"
            )
        }
        if let user = enrolment.usedBy {
            guard user == key.deviceID, let device = try transaction.device(user) else {
                throw SyncError(
                    "code_used",
                    "This code was used already",
                    hint: "Ask the operator for a new link.",
                    subject: "code"
                )
            }
            try device.mustBeInUse()
            let former = try transaction.predecessor(of: key.bytes, request.predecessors)
            if let former, former.device == device.succession.predecessor {
                try transaction.mustHaveBegun(device, after: former)
            }
            return device
        }
        guard now < enrolment.expiresAt else {
            throw SyncError(
                "code_expired",
                "This code has expired",
                hint: "Ask the operator for a new link.",
                subject: "code"
            )
        }
        enrolment.usedBy = key.deviceID
        // The map may have been changed since the code was given out [P-05]. One that is good for longer counts as
        // given out a code's lifetime before it ends: rather a part too few than one that nobody gave.
        enrolment.areas = try transaction.areaMap()
            .current(enrolment.areas, assignedAt: enrolment.expiresAt - Self.codeLifetime)
        var device = StoredDevice(
            id: key.deviceID,
            publicKey: key.bytes,
            name: enrolment.name,
            department: enrolment.department,
            grants: [enrolment.grant(number: 1)],
            chain: Chain.start,
            enrolledAt: now,
            software: request.software
        )
        if let former = try transaction.predecessor(replacedBy: enrolment, request) {
            guard try transaction.device(device.id) == nil else { throw SyncError.keyKnown }
            try transaction.begin(&device, after: former, at: now)
        } else if let known = try transaction.device(device.id) {
            guard known.revoked == nil else { throw SyncError.deviceRevoked }
            // A key that is known goes on where it was: its changes are not numbered anew.
            let next = enrolment.grant(number: known.grant.number + 1)
            let name = device.name
            device = known
            device.name = name
            device.department = enrolment.department
            device.grants.append(next)
        }
        try transaction.save(enrolment)
        try transaction.save(device)
        try transaction.retireDevice(replacedBy: enrolment, at: now)
        return device
    }

    /// Every device, in the order of enrolment.
    public func devices() async throws -> [StoredDevice] {
        try await store.read { try $0.devices() }
    }

    // > [A-04] A missing token, an unknown device, a wrong signature, a wrong audience and a time
    // > that is off have each their own code.

    /// The device that a bearer token comes from, every part of it checked.
    ///
    /// Throws `token_missing`, `token_malformed`, `device_unknown`, `signature_invalid`, `audience_wrong`,
    /// `token_time`, `device_suspended`, `device_rekeyed`, and `device_revoked` unless the device is to hear of it: by a sync.
    public func authenticate(
        _ token: String?,
        forSync hearsOfRevocation: Bool = false
    ) async throws -> StoredDevice {
        guard let token, !token.isEmpty else {
            throw SyncError(
                "token_missing",
                "The request carries no token",
                hint: "Send Authorization: Bearer followed by what `residence token` prints."
            )
        }
        let known = checkedTokens[token]
        let id = if let known { known.device } else { try await DeviceToken.claimedDevice(token) }
        guard let device = try await store.read({ try $0.device(id) }),
            let key = PublicKey(bytes: device.publicKey)
        else { throw SyncError.deviceUnknown }
        if let known, known.key == device.publicKey {
            try known.check(at: clock())
        } else {
            let verified = try await DeviceToken.verified(token, by: key, for: fingerprint)
            try verified.check(at: clock())
            checkedTokens.note(token, verified)
        }
        guard device.claimed == nil else { throw SyncError.awaitsConfirmation(device.id) }
        // A copy of one that was re-keyed may be revoked, too, so that it is erased.
        let isOver = device.revoked != nil
        guard device.succession.rekeyedAt == nil || isOver else { throw SyncError.deviceRekeyed }
        guard device.suspendedAt == nil else { throw SyncError.deviceSuspended }
        guard !isOver || hearsOfRevocation else { throw SyncError.deviceRevoked }
        return device
    }
}

extension Enrolment {
    fileprivate func grant(number: UInt64) -> Grant {
        Grant(number: number, areas: areas, role: role, scope: scope)
    }
}

extension SyncError {
    static let deviceUnknown = SyncError(
        "device_unknown",
        "No such device was enrolled here",
        hint: "Enrol it with a link from `residence-syncd device add`."
    )
}
