/// A numbered assignment of areas to a device.
public struct Grant: Hashable, Codable, Sendable {
    /// 1, 2, 3 … for each device.
    public var number: UInt64
    /// The areas that the device may hold.
    public var areas: [AreaCode]
    /// What whoever holds the device is.
    public var role: Role
    /// What of the records in those areas it covers; `nil` for everything.
    public var scope: GrantScope?

    /// A grant.
    public init(
        number: UInt64,
        areas: [AreaCode],
        role: Role = .coordinator,
        scope: GrantScope? = nil
    ) {
        self.number = number
        self.areas = areas
        self.role = role
        self.scope = scope
    }

    /// Reads a grant; one without a role is a coordinator's, one without a scope covers everything.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        number = try container.decode(UInt64.self, forKey: .number)
        areas = try container.decode([AreaCode].self, forKey: .areas)
        role = try container.decodeIfPresent(Role.self, forKey: .role) ?? .coordinator
        scope = try container.decodeIfPresent(GrantScope.self, forKey: .scope)
    }
}
