/// Which open conflicts somebody wants to see.
public struct ConflictFilter: Hashable, Sendable {
    /// Of records that stand here.
    public var area: AreaCode?
    /// Of records of this type.
    public var type: UInt32?
    /// About the field with this name, in Chinese or English.
    public var field: String?
    /// In which this device has a part.
    public var device: DeviceID?

    /// No filter at all.
    public init() {}

    /// Whether a conflict is among those wanted, where its record stands apart.
    public func admits(_ entry: ConflictEntry) -> Bool {
        let conflict = entry.conflict
        if let type, entry.type != type { return false }
        if let device, device != conflict.standing.device, device != conflict.proposed.device {
            return false
        }
        guard let field else { return true }
        let known = Schema.current.type(entry.type)
        return conflict.fields.contains { number in
            known?.field(named: field)?.number == number
        }
    }

    /// Whether conflicts of a record that stands here are among those wanted.
    public func admits(_ place: ConflictPlace) -> Bool {
        guard let area else { return true }
        return place.areas.contains(where: area.contains)
    }
}
