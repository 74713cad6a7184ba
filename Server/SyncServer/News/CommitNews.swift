public import SyncProtocol

/// What a commit has news about: whom it concerns, and nothing of what it says.
public struct CommitNews: Hashable, Sendable {
    /// Areas whose feeds go on.
    public var areas: Set<AreaCode> = []
    /// Devices whose grant or life changed, or about whose returned changes something was decided.
    public var devices: Set<DeviceID> = []
    /// Whether there may be more than is named.
    public var isVague = false

    /// Nothing.
    public init() {}

    /// Anything may have changed.
    public static let vague: CommitNews = {
        var news = CommitNews()
        news.isVague = true
        return news
    }()

    /// Whether nobody has to hear of it.
    public var isEmpty: Bool { areas.isEmpty && devices.isEmpty && !isVague }

    // Stores whose database passes short texts on tell each other by these.

    /// As text of at most so many bytes: it names less where there is too much to name.
    public func text(atMost limit: Int) -> String {
        let names = areas.map { "a\($0)" } + devices.map { "d\($0)" }
        let text = names.joined(separator: " ")
        return isVague || text.utf8.count > limit ? "*" : text
    }

    /// From the text form; what cannot be read may mean anything.
    public init(text: some StringProtocol) {
        for name in text.split(separator: " ") {
            if name.first == "a", let area = AreaCode(name.dropFirst()) {
                areas.insert(area)
            } else if name.first == "d", let device = DeviceID(name.dropFirst()) {
                devices.insert(device)
            } else {
                isVague = true
            }
        }
    }
}

/// Gathers what a transaction has news about, as it goes: for those who write a store.
public final class NewsGatherer {
    /// What was gathered so far.
    public private(set) var news = CommitNews()
    /// What was known of devices before.
    private var known: [DeviceID: Standing] = [:]

    private struct Standing: Equatable {
        var grant: UInt64
        var isInUse: Bool

        init(_ device: StoredDevice) {
            grant = device.grant.number
            isInUse = device.isInUse
        }
    }

    /// Nothing is gathered yet.
    public init() {}

    /// A device was read.
    public func read(_ device: StoredDevice?) {
        if let device { known[device.id] = Standing(device) }
    }

    /// A device was kept: every sync keeps its own, and most have no news of that.
    public func kept(_ device: StoredDevice) {
        let standing = Standing(device)
        guard known[device.id] != standing else { return }
        known[device.id] = standing
        news.devices.insert(device.id)
    }

    /// Something was decided about a device's returned changes.
    public func settled(for device: DeviceID) { news.devices.insert(device) }

    /// Positions of an area were taken.
    public func moved(_ area: AreaCode) { news.areas.insert(area) }

    /// A setting was kept.
    public func kept(_ setting: Setting) { if setting == .epoch { news.isVague = true } }
}

extension StoredDevice {
    /// Whether it may sync.
    var isInUse: Bool {
        suspendedAt == nil && revoked == nil && claimed == nil && succession.rekeyedAt == nil
    }
}
