internal import SyncClient
internal import SyncProtocol

/// What the oracle looks at of a handheld, simulated or real.
protocol Handheld {
    /// What it is called.
    var name: String { get }
    /// What it holds.
    var store: any LocalStore { get }
    /// Who it is; `nil` before it was enrolled.
    var id: DeviceID? { get }
    /// Whether something happened to what it holds that a repair has to find.
    var mayDiffer: Bool { get }
    /// Whether it has erased itself, as a revoked device does.
    func isErased() async throws -> Bool
    /// Records that it was sent from outside its areas.
    var strays: [RecordID] { get }
}

extension SimulatedDevice: Handheld {
    var strays: [RecordID] { network.traffic.strays }
}
