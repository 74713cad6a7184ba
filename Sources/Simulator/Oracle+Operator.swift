internal import SyncClient
internal import SyncProtocol
internal import SyncServer

// What the oracle says of what the operator did.

extension Oracle {
    // > [E-01] An erasure redacts what the server holds of a record and of what follows it: values, payloads,
    // > conflicts and what was before.

    mutating func judgeErasures(_ standing: Standing) {
        for id in erased.sorted() where restores == 0 {
            // Whoever captures the same number again captures somebody new.
            let isAnew = (standing.steps[id] ?? []).contains { !$0.change.isRedacted }
            guard let state = standing.records[id]?.state, !state.isErased, !isAnew else {
                continue
            }
            accuse("E", "a record that was erased by law is not", about: id)
        }
        for (id, record) in standing.records.sorted(by: { $0.key < $1.key })
        where record.state.isErased {
            if !record.state.fields.isEmpty {
                accuse("E", "an erased record still has values", about: id)
            }
            for step in standing.steps[id] ?? [] where step.via == nil && !step.change.isRedacted {
                let change = try? Change(payload: step.change.payload, epoch: step.change.epoch)
                guard let change, change.erasure == nil, !change.fields.isEmpty else { continue }
                accuse(
                    "E",
                    "an erased record's history still tells of change \(step.change.sequence.rawValue)",
                    about: id
                )
            }
        }
    }

    // > [A-08] A revoked device seals what the server does not have, and delivers what it sealed where the
    // > order says so.

    /// A revoked device that still keeps what it sealed when everything is quiet.
    mutating func judgeSurrender(of device: any Handheld) {
        guard restores == 0 else { return }
        accuse("I8", "\(device.name) was revoked, and could not deliver what it had not sent")
    }
}
