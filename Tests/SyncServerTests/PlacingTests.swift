import StoreSQLite
import SyncTrust
import SyncProtocol
import SyncServer
import Testing

struct PlacingTests {
    /// A county's device that captured a person in Gaoting who is registered in Dongsha.
    ///
    /// The person is 1, the dwelling 2, the registration 3.
    private func registered(in world: World) async throws -> TestDevice {
        var chen = try await world.device(named: "陈建国", areas: Town.county)
        try await chen.send(
            chen.change(id(1), to: person(in: Town.gaoting)),
            chen.change(id(2), to: dwelling(in: Town.dongsha)),
            chen.change(id(3), to: registration(of: id(1), at: id(2), in: Town.dongsha))
        )
        return chen
    }

    @Test("[P-01] a record stands in the area that it names, and moves with it")
    func ownArea() async throws {
        try await World.run { world in
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            try await chen.send(chen.change(id(2), to: dwelling(in: Town.gaoting)))
            let before = try await world.areas(of: id(2))

            try await chen.send(chen.change(id(2), to: dwelling(in: Town.dongsha), saw: 1))

            let after = try await world.areas(of: id(2))
            #expect(before == [Town.gaoting])
            #expect(after == [Town.dongsha])
        }
    }

    @Test("[P-01] a registration that has ended stands nowhere, and takes its person along")
    func endedRegistration() async throws {
        try await World.run { world in
            var chen = try await registered(in: world)

            try await chen.send(chen.change(id(3), to: ended(), saw: 1))

            let places = try await world.areas(ofEach: id(1), id(2), id(3))
            #expect(places == [[], [Town.dongsha], []])
        }
    }

    @Test("[P-01] a registration whose end was taken back stands again, and so does its person")
    func resumedRegistration() async throws {
        try await World.run { world in
            var chen = try await registered(in: world)
            try await chen.send(chen.change(id(3), to: ended(), saw: 1))
            var resumed = chen.change(id(3), to: Registration(), saw: 2)
            resumed.clears = [10, 11, 12, 13]

            let outcomes = try await chen.send(resumed)

            let stands = try await world.areas(of: id(1))
            #expect(outcomes.map(\.kind) == [.applied])
            #expect(stands == [Town.dongsha])
        }
    }

    @Test("[P-02] a person stands where registrations carry it, no longer where it was captured")
    func carried() async throws {
        try await World.run { world in
            _ = try await registered(in: world)

            let stands = try await world.areas(of: id(1))
            #expect(stands == [Town.dongsha])
        }
    }

    @Test("[P-02] a person with registrations in two areas stands in both")
    func twoAreas() async throws {
        try await World.run { world in
            var chen = try await registered(in: world)
            try await chen.send(
                chen.change(id(4), to: dwelling("人民路2号", in: Town.gaoting)),
                chen.change(id(5), to: registration(of: id(1), at: id(4), in: Town.gaoting))
            )
            let both = try await world.areas(of: id(1))

            try await chen.send(chen.change(id(3), to: ended(), saw: 1))

            let one = try await world.areas(of: id(1))
            #expect(both == [Town.gaoting, Town.dongsha])
            #expect(one == [Town.gaoting])
        }
    }

    @Test("[P-02] employments and visits follow, whoever moves what they follow")
    func followers() async throws {
        try await World.run { world in
            var chen = try await world.device(named: "陈建国", areas: Town.county)
            try await chen.send(
                chen.change(id(1), to: person(in: Town.gaoting)),
                chen.change(id(2), to: dwelling(in: Town.dongsha)),
                chen.change(id(6), to: employment(of: id(1))),
                chen.change(id(7), to: visit(to: id(2)))
            )
            let before = try await world.areas(ofEach: id(6), id(7))

            try await chen.send(
                chen.change(id(3), to: registration(of: id(1), at: id(2), in: Town.dongsha))
            )
            let moved = try await world.areas(ofEach: id(6), id(7))
            try await chen.send(chen.change(id(3), to: ended(), saw: 1))
            let left = try await world.areas(ofEach: id(6), id(7))

            #expect(before == [[Town.gaoting], [Town.dongsha]])
            #expect(moved == [[Town.dongsha], [Town.dongsha]])
            #expect(left == [[], [Town.dongsha]])
        }
    }

    @Test("[P-03] a person whom no registration has ever carried stands where it was captured")
    func captured() async throws {
        try await World.run { world in
            var chen = try await world.device(named: "陈建国", areas: Town.county)

            try await chen.send(
                chen.change(id(1), to: person(in: Town.gaoting, Town.dongsha)),
                chen.change(id(2), to: dwelling(in: Town.dongsha))
            )

            let stands = try await world.areas(of: id(1))
            #expect(stands == [Town.gaoting, Town.dongsha])
        }
    }

    @Test("[P-03] a person whose only registration was deleted stands where it was captured again")
    func deletedRegistration() async throws {
        try await World.run { world in
            var chen = try await registered(in: world)

            let outcomes = try await chen.send(
                chen.deletion(of: id(3), Registration.recordType, saw: 1)
            )

            let stands = try await world.areas(of: id(1))
            let tombstone = try await world.record(id(3))
            #expect(outcomes.map(\.kind) == [.applied])
            #expect(stands == [Town.gaoting])
            // The tombstone stays for those who hold the registration.
            #expect(tombstone?.state.isDeleted == true)
            #expect(tombstone?.placements.map(\.area) == [area(Town.dongsha)])
        }
    }

    @Test("[P-04] what moves and where it moves to are seen together")
    func together() async throws {
        try await World.run { world in
            var hu = try await world.device(named: "胡敏", areas: Town.dongsha)
            _ = try await registered(in: world)

            try await hu.read()

            #expect(hu.heldRecords == [id(1), id(2), id(3)])
            #expect(hu.places[id(1)] == [area(Town.dongsha)])
        }
    }
}
