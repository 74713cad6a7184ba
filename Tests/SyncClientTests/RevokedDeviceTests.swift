import Foundation
import LocalSQLite
import StoreSQLite
import SyncClient
import SyncProtocol
import SyncServer
import Testing

/// The end of a device: what it held is gone from it, and no work is lost.
struct RevokedDeviceTests {
    @Test("[A-08] a revoked device erases everything, and its unsent changes reach the server")
    func erased() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let known = try await device.client.capture(Sample.person())
        try await device.sync()
        try await device.rename(known, to: "林小梅")

        let id = try #require(try await device.client.profile()?.device)
        try await world.service.revoke(id, takesOutbox: true)
        let told = try await errorCode { try await device.sync() }

        #expect(told == "device_revoked")
        let status = try await device.client.status()
        #expect(status.profile == nil && status.counts.isEmpty && status.kept == nil)
        let record = try await world.record(known)
        #expect(record?.state.fields.text(of: 1) == "林小梅")
    }

    @Test(
        "[A-08] a revoked device of which nothing waits goes on saying that it was, and since when"
    )
    func endedWithNothing() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await device.sync()
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.revoke(id, takesOutbox: true)

        let first = try await errorCode { try await device.sync() }
        let ended = try await device.client.status().ended
        let again = await #expect(throws: SyncError.self) { try await device.reopen().sync() }
        _ = try await device.client.enrol(link: try await world.link(for: "新主人"))
        let after = try await device.client.status()

        #expect(first == "device_revoked" && again?.code == "device_revoked")
        #expect(again?.message.contains("20") == true && again?.hint.contains("enroll") == true)
        #expect(ended?.name == "船上" && ended?.revokedAt == world.clock.now)
        #expect(after.profile?.name == "新主人")
    }

    @Test("[A-08] nothing personal and no key is left in any byte of the files")
    func nothingLeft() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        _ = try await device.client.capture(Sample.person("欧阳修竹"))
        let profile = try #require(try await device.client.profile())
        let id = try #require(profile.device)

        let before = try device.bytesOnDisk()
        try await world.service.revoke(id, takesOutbox: false)
        _ = try await errorCode { try await device.sync() }

        let after = try device.bytesOnDisk()
        let seed = profile.keySeed.map(String.init).joined(separator: ",")
        for secret in ["欧阳修竹", seed] {
            #expect(before.range(of: Data(secret.utf8)) != nil)
            #expect(after.range(of: Data(secret.utf8)) == nil)
        }
        let status = try await device.client.status()
        #expect(status.kept?.changes == 1)
    }

    @Test("[A-09] what was sealed is taken once, whether by the device, by a file, or by both")
    func takenOnce() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let person = try await device.client.capture(Sample.person())
        try await device.sync()
        try await device.rename(person, to: "林小梅")
        try await device.remark(person, "在家")

        let file = try await device.client.sealedOutbox()
        let sealed = try SealedOutbox(file.file)
        let first = try await world.service.take(sealed, isFromOperator: true)
        let again = try await world.service.take(sealed, isFromOperator: true)
        let report = try await device.sync()

        #expect(file.changes == 2 && first.outcomes.values.reduce(0, +) == 2 && first.known == 0)
        #expect(again.outcomes.isEmpty && again.known == 2)
        #expect(report.unanswered == 0)
        let record = try await world.record(person)
        #expect(record?.state.fields.text(of: 1) == "林小梅")
    }

    @Test("[A-09] a file that was changed, or sealed to another server, is refused whole")
    func refused() async throws {
        let (world, other) = try await (World(), World())
        let device = try await world.device(named: "船上")
        _ = try await device.client.capture(Sample.person())
        _ = try await device.client.capture(Sample.person("林小梅", passport: "E00000003"))
        let sealed = try SealedOutbox(try await device.client.sealedOutbox().file)
        var changed = sealed
        changed.ciphertext[changed.ciphertext.count / 2] ^= 1

        for (server, outbox) in [(world, changed), (other, sealed)] {
            let code = try await errorCode {
                try await server.service.take(outbox, isFromOperator: true)
            }
            #expect(code == "outbox_sealed_elsewhere")
        }
        // Nobody else delivers it for a device that is in use.
        let code = try await errorCode {
            try await world.service.take(sealed, isFromOperator: false)
        }
        #expect(code == "outbox_unexpected")
    }

    @Test("[A-08] an order that this server did not sign erases nothing")
    func forged() async throws {
        let (world, other) = try await (World(), World())
        let device = try await world.device(named: "船上")
        let person = try await device.client.capture(Sample.person())
        let id = try #require(try await device.client.profile()?.device)
        let stranger = try await other.device(named: "别处")
        let otherID = try #require(try await stranger.client.profile()?.device)
        try await other.service.revoke(otherID, takesOutbox: true)
        var forged = try await other.service.sync(SyncRequest(), from: otherID)
        forged.revocation?.device = id

        device.weather.next(.answered(forged))
        let code = try await errorCode { try await device.sync() }

        #expect(code == "server_untrusted")
        let held = try await device.person(person)
        #expect(held != nil)
    }

    @Test(
        "[A-08] where the network is cut after the erasure, the next sync delivers what was sealed"
    )
    func deliveredLater() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let person = try await device.client.capture(Sample.person())
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.revoke(id, takesOutbox: true)

        device.weather.next(.arrives, .requestLost)
        _ = try await errorCode { try await device.sync() }
        let kept = try await device.client.status().kept
        let code = try await errorCode { try await device.reopen().sync() }

        #expect(kept?.changes == 1 && code == "device_revoked")
        let after = try await device.client.status().kept
        #expect(after == nil)
        let record = try await world.record(person)
        #expect(record != nil)
    }

    @Test("[A-08] what a revoked device keeps stays until the server itself has signed for it")
    func keptUntilSignedFor() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let person = try await device.client.capture(Sample.person())
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.revoke(id, takesOutbox: true)
        // A page of somebody's answers every delivery.
        device.weather.set(forgesDelivery: true)

        _ = try await errorCode { try await device.sync() }
        let link = try await world.link(for: "新主人")
        let refused = try await errorCode { try await device.client.enrol(link: link) }
        let kept = try await device.client.status().kept
        device.weather.set(forgesDelivery: false)
        _ = try await errorCode { try await device.sync() }
        _ = try await device.client.enrol(link: link)

        #expect(refused == "outbox_kept" && kept?.changes == 1)
        let record = try await world.record(person)
        #expect(record != nil)
    }

    @Test("[A-08] of a device that was revoked after a restore, what only it has is sealed, too")
    func revokedAfterRestore() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let copy = try await world.backUp(declared: false)
        let person = try await device.client.capture(Sample.person())
        try await device.sync()
        let id = try #require(try await device.client.profile()?.device)

        try await world.restore(copy)
        try await world.service.revoke(id, takesOutbox: true)
        _ = try await errorCode { try await device.sync() }

        let record = try await world.record(person)
        #expect(record != nil)
    }

    @Test(
        "[X-05] what was sealed for a server that had nothing is delivered to one that has a part of the hole"
    )
    func sealedBetweenRestores() async throws {
        // residence-sim --seed 41 --weather flood: it was refused for ever, as a gap.
        let world = try await World()
        let device = try await world.device(named: "船上")
        let id = try #require(try await device.client.profile()?.device)
        let early = try await world.backUp()
        let person = try await device.client.capture(Sample.person())
        try await device.sync()
        let later = try await world.backUp()
        try await device.remark(person, "周末在家")
        try await device.sync()
        // The next sync tells that a backup has both: their bytes are forgotten.
        _ = try await world.backUp()
        try await device.sync()
        try await device.rename(person, to: "林小梅")

        try await world.restore(early)
        try await world.service.revoke(id, takesOutbox: true)
        device.weather.next(.arrives, .requestLost)
        _ = try await errorCode { try await device.sync() }
        let kept = try await device.client.status().kept
        try await world.restore(later)
        try await world.service.revoke(id, takesOutbox: true)
        _ = try await errorCode { try await device.sync() }

        let after = try await device.client.status().kept
        let name = try await world.record(person)?.state.fields.text(of: 1)
        let holes = try await world.service.recovery(for: world.clerk).holed.flatMap(\.holes)
        let audit = try await world.service.auditChains(for: world.clerk)
        #expect(kept?.changes == 1 && after == nil && name == "林小梅")
        #expect(holes.map { [$0.first.rawValue, $0.last.rawValue] } == [[2, 2]])
        #expect(audit.breaks.isEmpty && audit.missing == 1)
    }

    @Test("[A-08] a device that waits to be confirmed is revoked like any other")
    func revokedWhileWaiting() async throws {
        let world = try await World()
        let copy = try await world.backUp()
        let device = try await world.device(named: "船上")
        _ = try await device.client.capture(Sample.person())
        let id = try #require(try await device.client.profile()?.device)
        try await world.restore(copy)
        let waiting = try await errorCode { try await device.sync() }

        try await world.service.revoke(id, takesOutbox: false)
        let told = try await errorCode { try await device.sync() }

        #expect(waiting == "device_awaits_confirmation" && told == "device_revoked")
        let profile = try await device.client.profile()
        #expect(profile == nil)
    }

    @Test("[A-07] what was asked before a suspension or a revocation is not done after it")
    func askedBefore() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上", role: .reviewer)
        let person = try await device.client.capture(Sample.person())
        try await device.sync()
        let id = try #require(try await device.client.profile()?.device)
        let stored = try #require(try await world.store.read { try $0.device(id) })
        let principal = Principal(stored)
        let revision = try #require(try await world.record(person)?.state.revision)
        let mistake = Change.Deletion(reason: 1, text: "")

        try await world.service.suspend(id, true)
        let suspended = try await errorCode {
            try await world.service.delete(person, at: revision, mistake, for: principal)
        }
        try await world.service.revoke(id, takesOutbox: false)
        let revoked = try await errorCode {
            try await world.service.delete(person, at: revision, mistake, for: principal)
        }

        #expect(suspended == "device_suspended" && revoked == "device_revoked")
        let record = try await world.record(person)
        #expect(record?.state.isDeleted == false)
    }

    @Test("[A-09] a device of before hears of the sealing key by its next sync")
    func enrolledBefore() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        try await device.store.write { transaction in
            guard var profile = try transaction.profile() else { return }
            profile.sealingKey = nil
            try transaction.save(profile)
        }

        let early = try await errorCode { try await device.client.sealedOutbox() }
        try await device.sync()
        let later = try await errorCode { try await device.client.sealedOutbox() }

        #expect(early == "sealing_key_missing" && later == nil)
    }

    @Test(
        "[A-07] a suspended device is told so, goes on capturing, and gives everything once resumed"
    )
    func suspended() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上")
        let id = try #require(try await device.client.profile()?.device)
        try await world.service.suspend(id, true)

        let person = try await device.client.capture(Sample.person())
        let code = try await errorCode { try await device.sync() }
        let before = try await world.record(person)
        try await world.service.suspend(id, false)
        try await device.sync()

        #expect(code == "device_suspended" && before == nil)
        let after = try await world.record(person)
        #expect(after != nil)
    }

    @Test(
        "[A-06] an area taken away is erased after its unsent changes went up, a new one arrives whole"
    )
    func reassigned() async throws {
        let world = try await World()
        let device = try await world.device(named: "船上", areas: [Sample.harbour])
        let neighbour = try await world.device(named: "邻镇", areas: [Sample.hill])
        let mine = try await device.client.capture(Sample.person())
        let theirs = try await neighbour.client.capture(
            Sample.person("胡敏", passport: "E00000002", in: [Sample.hill])
        )
        try await device.sync()
        try await neighbour.sync()
        try await device.rename(mine, to: "林小梅")
        let id = try #require(try await device.client.profile()?.device)

        try await world.service.assign([Sample.hill], to: id)
        try await device.sync()

        let (gone, come) = try await (device.person(mine), device.person(theirs))
        #expect(gone == nil && come?.name == "胡敏")
        let record = try await world.record(mine)
        #expect(record?.state.fields.text(of: 1) == "林小梅")
    }
}
