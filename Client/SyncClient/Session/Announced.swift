internal import SyncProtocol
internal import SyncTrust

extension DeviceProfile {
    // > [A-15] It takes none that does not verify, or is not later than the one that it has, and connects from then on
    // > to the holder of any key named, and to nobody else.

    /// Takes what the server announced, where the server itself did, and later than what is known.
    mutating func take(_ announcement: Announcement) {
        guard announcement.number > announced ?? 0,
            let server = serverKey.flatMap(PublicKey.init(bytes:)),
            server.verifies(announcement.signature, of: announcement.signedBytes)
        else { return }
        announced = announcement.number
        let pins = announcement.pins
        // Whoever pins a key goes on pinning one: only a link says that authorities vouch for the server.
        if tlsPin != nil, !pins.isEmpty {
            tlsPin = pins.first
            otherPins = pins.count > 1 ? Array(pins.dropFirst()) : nil
        }
        // > [A-16] A device that was enrolled over plain HTTP follows to the https address that is announced, under the
        // > keys announced. Nothing leads from https to http.
        guard !isSecure else { return }
        secureServer =
            announcement.address.hasPrefix("https://")
            ? ServerAddress(
                url: announcement.address,
                pin: pins.first,
                otherPins: pins.count > 1 ? Array(pins.dropFirst()) : nil
            ) : nil
    }

    /// Whether the server is known under TLS.
    var isSecure: Bool { server.hasPrefix("https://") }

    /// Knows the server where it was just met under TLS, from now on.
    mutating func follow(to secure: ServerAddress) {
        guard !isSecure else { return }
        server = secure.url
        tlsPin = secure.pin
        otherPins = secure.otherPins
        secureServer = nil
    }
}

extension SyncEngine {
    // > [A-16] Where the server does not answer there it goes on as before; once it was answered there, by an answer to
    // > a sync or a refusal that only it gives, never.

    /// One round trip with the server: where it was announced to be met under TLS, if it answers there.
    ///
    /// `isPlain` is set where it did not, for the rest of this sync. Whoever stands in between could keep the device from
    /// hearing of TLS at all: to go on as before gives them nothing.
    func exchange(
        _ request: SyncRequest,
        _ profile: DeviceProfile,
        token: String,
        isPlain: inout Bool
    ) async throws -> Exchange {
        guard !isPlain, let secure = profile.secureServer else {
            return try await transport.sync(request, to: profile.address, token: token)
        }
        do {
            let answer = try await transport.sync(request, to: secure, token: token)
            // An empty body reads as an answer, too; the server always tells its epoch.
            if answer.response.epoch != .none {
                try await update { $0.follow(to: secure) }
                return answer
            }
        } catch let failure as TransportFailure where failure.isOfServerItself {
            try await update { $0.follow(to: secure) }
            throw failure
        } catch is TransportFailure {
            // Nobody, somebody else, or something in front of the server that knows no device.
        }
        isPlain = true
        return try await transport.sync(request, to: profile.address, token: token)
    }
}

extension TransportFailure {
    /// Whether only a server that knows this device refuses so.
    fileprivate var isOfServerItself: Bool {
        [
            "device_suspended", "device_revoked", "device_forked", "device_rekeyed",
            "device_awaits_confirmation",
        ].contains(error.code)
    }
}
