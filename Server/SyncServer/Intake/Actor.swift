internal import SyncProtocol

/// Who wants something done, and what they may do.
///
/// A device acts by the grant under which it captured; the server's own device acts by the powers of
/// whoever asked it.
struct Actor {
    let author: Author
    private let powers: Powers

    private enum Powers {
        case granted(StoredDevice)
        case lent(Role, areas: [AreaCode]?, GrantScope?)
    }

    init(_ device: StoredDevice) {
        author = device.author
        powers = .granted(device)
    }

    /// The server's own device, for somebody with a role in some areas; `nil` for everywhere.
    init(
        server device: StoredDevice,
        for name: String,
        as role: Role,
        in areas: [AreaCode]?,
        within scope: GrantScope? = nil
    ) {
        author = Author(device: device.id, name: name, isShared: true)
        powers = .lent(role, areas: areas, scope)
    }

    /// The same powers, for what somebody else had said.
    func speaking(for author: Author) -> Actor { Actor(author: author, powers: powers) }

    private init(author: Author, powers: Powers) {
        self.author = author
        self.powers = powers
    }

    /// Whether this is the server's own device, by which many people act.
    var isServer: Bool {
        if case .lent = powers { true } else { false }
    }

    /// The ids under which it may have captured, its own first.
    var names: [DeviceID] {
        switch powers {
        case .granted(let device): device.names
        case .lent: [author.device]
        }
    }

    func may(_ act: Role.Act, under grant: UInt64) -> Bool {
        switch powers {
        case .granted(let device): device.role(ofGrant: grant).may(act)
        case .lent(let role, _, _): role.may(act)
        }
    }

    /// The areas in which it may act; `nil` for everywhere.
    func areas(under grant: UInt64) -> [AreaCode]? {
        switch powers {
        case .granted(let device): device.areas(ofGrant: grant)
        case .lent(_, let areas, _): areas
        }
    }

    /// What of the records it may see and say; `nil` for everything.
    func scope(under grant: UInt64) -> GrantScope? {
        switch powers {
        case .granted(let device): device.scope(ofGrant: grant)
        case .lent(_, _, let scope): scope
        }
    }
}
