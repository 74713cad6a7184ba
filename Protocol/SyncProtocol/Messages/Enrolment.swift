internal import Foundation
internal import SwiftProtobuf

/// `POST /v1/devices`: a device introduces itself with the code of its link.
public struct EnrolmentRequest: Hashable, Sendable {
    /// The one-time code.
    public var code: String
    /// The device's Ed25519 key, 32 bytes.
    public var publicKey: [UInt8]
    /// What the device's program calls itself.
    public var software: String
    /// Where the server was restored from before the device was enrolled: what it had signed then, what the
    /// device was called, and its last grant.
    public var readmission: Readmission?
    /// The keys in whose place the present one came, the first one first.
    public var predecessors: [Predecessor] = []

    /// What a device shows that a server does not know any more.
    public struct Readmission: Hashable, Sendable {
        /// The server's signature over the enrolment, a JWT.
        public var certificate: String
        /// What the operator had called the device.
        public var name: String
        /// Its last grant.
        public var grant: Grant

        /// What a device shows.
        public init(certificate: String, name: String, grant: Grant) {
            self.certificate = certificate
            self.name = name
            self.grant = grant
        }
    }

    /// A request.
    public init(
        code: String,
        publicKey: [UInt8],
        software: String,
        readmission: Readmission? = nil
    ) {
        self.code = code
        self.publicKey = publicKey
        self.software = software
        self.readmission = readmission
    }

    /// Reads a request from a body.
    ///
    /// Throws `protobuf_malformed` or `json_malformed`.
    public init(_ body: [UInt8], as format: BodyFormat) throws(SyncError) {
        let wire: WireEnrolRequest
        switch format {
        case .protobuf:
            guard let message = try? WireEnrolRequest(serializedBytes: body) else {
                throw .malformedProtobuf
            }
            wire = message
        case .json: wire = try decodeJSON(body)
        }
        self.init(code: wire.code, publicKey: Array(wire.publicKey), software: wire.software)
        predecessors = wire.predecessors.map(Predecessor.init)
        guard !wire.certificate.isEmpty else { return }
        readmission = Readmission(
            certificate: wire.certificate,
            name: wire.name,
            grant: Grant(wire.grant)
        )
    }

    /// The request's bytes in protobuf.
    public var encoded: [UInt8] {
        encode(
            WireEnrolRequest.with {
                $0.code = code
                $0.publicKey = Data(publicKey)
                $0.software = software
                $0.predecessors = predecessors.map(\.wire)
                guard let readmission else { return }
                $0.certificate = readmission.certificate
                $0.name = readmission.name
                $0.grant = readmission.grant.wire
            }
        )
    }
}

/// The answer to an enrolment: who the device is from now on, and what it may hold.
public struct EnrolmentResponse: Hashable, Sendable {
    /// The device's id.
    public var device: DeviceID
    /// The server's epoch.
    public var epoch: Epoch
    /// The server's Ed25519 key, 32 bytes.
    public var serverKey: [UInt8]
    /// The deployment's key for ids that derive from natural keys [N-02].
    public var identityKey: [UInt8]
    /// The device's first grant.
    public var grant: Grant
    /// The server's clock, in milliseconds since 1970.
    public var serverTime: Int64
    /// The server's signature over who was enrolled, a JWT.
    public var certificate: String
    /// What the operator called the device.
    public var name: String
    /// What to seal an outbox to.
    public var sealingKey: SealingKey?

    /// An answer.
    public init(
        device: DeviceID,
        epoch: Epoch,
        serverKey: [UInt8],
        identityKey: [UInt8],
        grant: Grant,
        serverTime: Int64,
        certificate: String,
        name: String
    ) {
        self.device = device
        self.epoch = epoch
        self.serverKey = serverKey
        self.identityKey = identityKey
        self.grant = grant
        self.serverTime = serverTime
        self.certificate = certificate
        self.name = name
    }

    /// Reads an answer from a body.
    ///
    /// Throws `protobuf_malformed`.
    public init(_ body: [UInt8]) throws(SyncError) {
        guard let wire = try? WireEnrolResponse(serializedBytes: body),
            let device = DeviceID(bytes: wire.device)
        else { throw .malformedProtobuf }
        self.init(
            device: device,
            epoch: Epoch(rawValue: wire.epoch),
            serverKey: Array(wire.serverKey),
            identityKey: Array(wire.identityKey),
            grant: Grant(wire.grant),
            serverTime: wire.serverTime,
            certificate: wire.certificate,
            name: wire.name
        )
        sealingKey = wire.hasSealingKey ? SealingKey(wire.sealingKey) : nil
    }

    /// The answer's bytes.
    public func encoded(as format: BodyFormat) -> [UInt8] {
        let wire = WireEnrolResponse.with {
            $0.device = Data(device.bytes)
            $0.epoch = epoch.rawValue
            $0.serverKey = Data(serverKey)
            $0.identityKey = Data(identityKey)
            $0.grant = grant.wire
            $0.serverTime = serverTime
            $0.certificate = certificate
            $0.name = name
            if let sealingKey { $0.sealingKey = sealingKey.wire }
        }
        guard format == .json else { return encode(wire) }
        guard let json: [UInt8] = try? wire.jsonUTF8Bytes() else {
            preconditionFailure("a proto3 message always encodes")
        }
        return json
    }
}
