internal import CFaultDisk

/// A disk in memory that fails on demand: a power cut tears what was not synced.
final class FaultDisk: Sendable {
    private let number: Int32

    private static let isInstalled = fault_disk_install() == 0

    /// An empty disk.
    init() {
        precondition(Self.isInstalled, "SQLite takes another file layer")
        number = fault_disk_create()
    }

    deinit { fault_disk_destroy(number) }

    /// The path of a file on the disk.
    func path(_ name: String) -> String { "/fault-disk/\(number)/\(name)" }

    /// Cuts the power after so many more operations.
    func cutPower(after operations: Int) { fault_disk_cut_after(number, Int64(operations)) }

    /// Whether the power is cut.
    var isCut: Bool { fault_disk_is_cut(number) != 0 }

    /// Comes back: after a power cut with as much of what was not synced as the seed says; after a kill of the
    /// process alone with all of it.
    func restart(seed: UInt64, cleanly: Bool) { fault_disk_restart(number, seed, cleanly ? 1 : 0) }

    /// Lets the files take no more than they do now, and a little.
    func fillUp(leaving room: Int) {
        fault_disk_set_quota(number, fault_disk_bytes(number) + Int64(room))
    }

    /// Makes room again.
    func makeRoom() { fault_disk_set_quota(number, -1) }

    /// Lets the next syncs fail.
    func failSyncs(_ count: Int) { fault_disk_fail_syncs(number, Int32(count)) }

    /// A disk on which somebody has made an empty database: it is made once, and copied for everybody.
    static func formatted(by open: (FaultDisk) throws -> Void) -> FaultDisk {
        let disk = FaultDisk()
        do { try open(disk) } catch {
            preconditionFailure("an empty disk takes a database: \(error)")
        }
        return disk
    }

    /// A disk with the same files.
    func copied() -> FaultDisk {
        let copy = FaultDisk()
        fault_disk_copy(number, copy.number)
        return copy
    }
}
