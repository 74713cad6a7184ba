internal import HTTPTypes
internal import Hummingbird
internal import SyncProtocol
internal import SyncServer
internal import Synchronization

/// Lets requests in, as many as the limits allow: of each device, of each address, of all together.
///
/// > [A-11] One device, or whoever shows no device's token, cannot keep the others waiting.
final class Door: Sendable {
    private struct State {
        var devices: TokenBuckets<DeviceID>
        var addresses: TokenBuckets<String>
        var atOnce = 0
        var deviceAtOnce: [DeviceID: Int] = [:]
        var longReads = 0
    }

    let service: SyncService
    let limits: TrafficLimits
    private let clock: @Sendable () -> Double
    private let state: Mutex<State>

    /// `clock` gives seconds and only goes forward.
    init(
        of service: SyncService,
        limits: TrafficLimits,
        clock: @escaping @Sendable () -> Double = Door.monotonic
    ) {
        (self.service, self.limits, self.clock) = (service, limits, clock)
        state = Mutex(
            State(
                devices: TokenBuckets(
                    burst: limits.deviceBurst,
                    perSecond: limits.devicePerSecond
                ),
                addresses: TokenBuckets(
                    burst: limits.addressBurst,
                    perSecond: limits.addressPerSecond
                )
            )
        )
    }

    /// Seconds of the machine's clock that only goes forward.
    static let monotonic: @Sendable () -> Double = {
        let start = ContinuousClock.now
        return { (ContinuousClock.now - start) / .seconds(1) }
    }()

    /// The device whose token a request brings, if it may ask for more now.
    ///
    /// Throws what `SyncService.authenticate` throws, and `too_many_requests`.
    func device(
        _ request: Request,
        _ context: SyncRequestContext,
        forSync hearsOfRevocation: Bool = false
    ) async throws -> StoredDevice {
        let device: StoredDevice
        do {
            device = try await service.authenticate(
                request.bearerToken,
                forSync: hearsOfRevocation
            )
        } catch {
            try stranger(request, context)
            throw error
        }
        let (now, id) = (clock(), device.id)
        let wait: Double? = state.withLock { state in
            if let wait = state.devices.take(id, now: now) { return wait }
            guard state.deviceAtOnce[id, default: 0] < limits.deviceAtOnce else { return 1 }
            state.deviceAtOnce[id, default: 0] += 1
            context.visit.device.withLock { $0 = id }
            return nil
        }
        if let wait { throw Self.refusal(.tooManyRequests, after: wait) }
        return device
    }

    /// Counts a request without a valid token for its address.
    ///
    /// Throws `too_many_requests`.
    func stranger(_ request: Request, _ context: SyncRequestContext) throws {
        let (address, now) = (address(of: request, context), clock())
        let wait = state.withLock { $0.addresses.take(address, now: now) }
        if let wait { throw Self.refusal(.tooManyRequests, after: wait) }
    }

    private func address(of request: Request, _ context: SyncRequestContext) -> String {
        let peer = context.remoteAddress?.ipAddress ?? ""
        guard limits.proxies.contains(peer), let name = HTTPField.Name("X-Forwarded-For"),
            let forwarded = request.headers[values: name].last?
                .split(separator: ",").last
        else { return peer }
        return forwarded.filter { !$0.isWhitespace }
    }

    /// Lets a request in that reads for long, a few at once of all devices together.
    ///
    /// Throws `server_busy`.
    func readingLong<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        let isFull = state.withLock { state in
            guard state.longReads < limits.longReadsAtOnce else { return true }
            state.longReads += 1
            return false
        }
        if isFull { throw Self.refusal(.serverBusy, after: 1) }
        defer { state.withLock { $0.longReads -= 1 } }
        return try await body()
    }

    fileprivate func enter() throws {
        let isFull = state.withLock { state in
            guard state.atOnce < limits.atOnce else { return true }
            state.atOnce += 1
            return false
        }
        if isFull { throw Self.refusal(.serverBusy, after: 1) }
    }

    fileprivate func leave(_ visit: Visit) {
        let device = visit.device.withLock { $0 }
        state.withLock { state in
            state.atOnce -= 1
            guard let device, let count = state.deviceAtOnce[device] else { return }
            state.deviceAtOnce[device] = count > 1 ? count - 1 : nil
        }
    }

    /// Those who are sent away come back spread out, not all at the same time.
    static func refusal(_ error: SyncError, after wait: Double) -> DetailedError {
        let seconds = Int(min(wait, 3_600).rounded(.up)) + Int.random(in: 0...4)
        return DetailedError(error: error, headers: [.retryAfter: String(seconds)])
    }
}

/// What is known of a request while it is worked on.
final class Visit: Sendable {
    /// The device that is counted for it.
    let device = Mutex<DeviceID?>(nil)
}

/// Counts requests to the service itself in and out; those for the machine's keeper pass.
struct DoorKeeper: RouterMiddleware {
    let door: Door

    func handle(
        _ request: Request,
        context: SyncRequestContext,
        next: @concurrent (Request, SyncRequestContext) async throws -> Response
    ) async throws -> Response {
        guard request.uri.path.hasPrefix("/v1") else { return try await next(request, context) }
        try door.enter()
        defer { door.leave(context.visit) }
        return try await next(request, context)
    }
}

extension SyncError {
    fileprivate static let tooManyRequests = SyncError(
        "too_many_requests",
        "请求过于频繁 Too many requests from here",
        hint: "请稍后再试；未作任何改动。 Wait as Retry-After says; nothing was changed."
    )
}
