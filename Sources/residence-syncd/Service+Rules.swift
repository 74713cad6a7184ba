internal import ResidenceDomain
internal import SyncServer

extension SyncService {
    /// The service as this program runs it: by the domain's rules and the system's clock.
    init(store: any Store, identity: ServerIdentity) {
        self.init(
            store: store,
            identity: identity,
            rules: ResidenceRules(),
            clock: { SystemClock.milliseconds() }
        )
    }
}
