internal import Foundation
public import SyncProtocol

/// Somebody's open work was given to somebody else 工作交接.
public struct Handover: Hashable, Codable, Sendable {
    /// The device whose work it was.
    public var from: DeviceID
    /// The device whose work it is.
    public var to: DeviceID
    /// The last grant under which it was captured: what came later is not part of it.
    public var grant: UInt64
    /// Who gave it.
    public var by: String
    /// Why, in words.
    public var reason: String
    /// When, in milliseconds since 1970, by the server's clock.
    public var at: Int64
}

extension [Handover] {
    // > [O-02] Whoever was given somebody's work sees what was returned to them, and may mend it.

    /// The device to which a returned change was handed over; `nil` where it was to none.
    func heir(of returned: ReturnedChange) -> DeviceID? {
        let author = returned.change.device
        let change = try? Change(payload: returned.change.payload, epoch: returned.change.epoch)
        let grant = change?.grant ?? 0
        let heir = reduce(author) { holder, handover in
            guard handover.from == holder, holder != author || grant <= handover.grant else {
                return holder
            }
            return handover.to
        }
        return heir == author ? nil : heir
    }

    /// Whether it was handed over to one of these ids: those of one device before and after it was re-keyed.
    func isHeir(_ devices: [DeviceID], of returned: ReturnedChange) -> Bool {
        guard !isEmpty, !devices.isEmpty, let heir = heir(of: returned) else { return false }
        return devices.contains(heir)
    }
}

extension StoreReader {
    /// Every handover, the first one first.
    public func handovers() throws -> [Handover] {
        guard let json = try setting(.handovers) else { return [] }
        guard let known = try? JSONDecoder().decode([Handover].self, from: Data(json)) else {
            throw SyncError.settingsDamaged
        }
        return known
    }
}

extension StoreTransaction {
    func save(_ handovers: [Handover]) throws {
        try set(Array(try JSONEncoder().encode(handovers)), for: .handovers)
    }

    // > [O-03] Once somebody has enrolled with a code that was given out in the place of a device, that device
    // > is revoked.

    /// Notes that a code is given out in the place of a device.
    func note(_ code: [UInt8], inPlaceOf device: DeviceID) throws {
        try note(code, for: device, in: .replacements)
    }

    /// Revokes the device in the place of which a code was given out; what it seals is taken.
    func retireDevice(replacedBy enrolment: Enrolment, at now: Int64) throws {
        guard let id = try takeCode(enrolment.codeHash, from: .replacements) else { return }
        guard id != enrolment.usedBy, var device = try device(id), device.revoked == nil else {
            return
        }
        device.revoked = StoredDevice.Revoked(at: now, takesOutbox: true)
        device.suspendedAt = nil
        device.claimed = nil
        try save(device)
    }

    /// Notes which device a code that is given out is about.
    func note(_ code: [UInt8], for device: DeviceID, in setting: Setting) throws {
        var known = try codes(in: setting)
        known[code.hexadecimal] = device.description
        try set(Array(try JSONEncoder().encode(known)), for: setting)
    }

    /// The codes that are about a device.
    func codes(about device: DeviceID, in setting: Setting) throws -> [[UInt8]] {
        try codes(in: setting).filter { $0.value == device.description }.keys.sorted()
            .compactMap { [UInt8](hexadecimal: $0) }
    }

    /// The device that a code is about, which is forgotten; `nil` where it is about none.
    func takeCode(_ code: [UInt8], from setting: Setting) throws -> DeviceID? {
        var known = try codes(in: setting)
        guard let digits = known.removeValue(forKey: code.hexadecimal) else { return nil }
        try set(Array(try JSONEncoder().encode(known)), for: setting)
        return DeviceID(digits)
    }

    private func codes(in setting: Setting) throws -> [String: String] {
        guard let json = try self.setting(setting) else { return [:] }
        guard let known = try? JSONDecoder().decode([String: String].self, from: Data(json)) else {
            throw SyncError.settingsDamaged
        }
        return known
    }
}
