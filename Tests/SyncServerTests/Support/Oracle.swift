import SyncProtocol
import SyncServer

/// Judges what a script left, from what was sent and from what the store holds.
struct Oracle {
    let stage: Stage

    init(_ stage: Stage) { self.stage = stage }

    /// What each person says in the end, in hexadecimal; nothing of one who was never captured.
    func fields() async throws -> [String] {
        var said: [String] = []
        for id in Script.people {
            let state = try await stage.world.record(id)?.state
            said.append(state.map { $0.fields.bytes.hexadecimal } ?? "")
        }
        return said
    }

    /// Everything that may not depend on how changes travelled.
    func end() async throws -> [String] {
        var end = try await fields()
        for id in Script.people {
            let record = try await stage.world.record(id)
            end.append(
                "\(record?.state.isDeleted ?? false) \(record?.state.revision.rawValue ?? 0)"
            )
            for entry in try await stage.world.conflicts(of: id) {
                let values = [entry.conflict.standing, entry.conflict.proposed].map {
                    $0.values.bytes.hexadecimal
                }
                end.append(
                    "\(entry.state) \(entry.conflict.kind) \(entry.conflict.fields) \(values)"
                )
            }
        }
        return end + stage.sent.map { "\($0.outcome.kind) \($0.outcome.revision.rawValue)" }
    }

    private static func isSet(_ number: UInt32) -> Bool {
        Person.recordType.field(number)?.isSet == true
    }

    /// What is wrong with the conflicts that are on file.
    func flaws() async throws -> [String] {
        var flaws: [String] = []
        for id in Script.people {
            let entries = try await stage.world.conflicts(of: id)
            var open: Set<[String]> = []
            for entry in entries {
                let conflict = entry.conflict
                let (standing, proposed) = (conflict.standing, conflict.proposed)
                if entry.isOpen {
                    let key = ["\(conflict.kind)", "\(conflict.fields)", "\(proposed.device)"]
                    if !open.insert(key).inserted { flaws.append("two open about \(key)") }
                }
                guard conflict.kind == .field, !conflict.fields.allSatisfy(Self.isSet) else {
                    continue
                }
                if standing.values == proposed.values { flaws.append("\(entry.id): one value") }
                if standing.device == proposed.device { flaws.append("\(entry.id): one device") }
            }
        }
        return flaws
    }
}
