import StoreSQLite
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

struct AdmissionTests {
    private func request(_ code: String, by key: SigningKey) -> EnrolmentRequest {
        EnrolmentRequest(code: code, publicKey: key.publicKey.bytes, software: "test/1")
    }

    @Test("[A-01] a code admits one device, and of the code only the hash is kept")
    func admitted() async throws {
        try await World.run { world in
            let key = SigningKey()
            let expected = try await world.service.expectDevice(
                named: "高亭 林小梅",
                areas: [area(Town.gaoting)]
            )

            let answer = try await world.service.enrol(
                request(expected.code.description.lowercased(), by: key)
            )

            let device = try await world.stored(key.publicKey.deviceID)
            let hash = expected.code.hash
            let enrolment = try await world.store.read { try $0.enrolment(codeHash: hash) }
            #expect(answer.device == device.id && answer.name == "高亭 林小梅")
            #expect(answer.grant == Grant(number: 1, areas: [area(Town.gaoting)]))
            #expect(enrolment?.usedBy == device.id)
            #expect(expected.expires == world.clock.now + SyncService.codeLifetime)
        }
    }

    @Test("[A-01] an unknown, a used and an expired code have each their own error")
    func refusedCodes() async throws {
        try await World.run { world in
            let towns = [area(Town.gaoting)]
            let used = try await world.service.expectDevice(named: "林小梅", areas: towns).code
            let late = try await world.service.expectDevice(named: "胡敏", areas: towns).code
            _ = try await world.service.enrol(request(used.description, by: SigningKey()))
            let tries = ["0000-0000-0000", used.description, late.description]
            world.clock.advance(by: SyncService.codeLifetime)

            var codes: [String?] = []
            for code in tries {
                let error = try await refusal {
                    try await world.service.enrol(request(code, by: SigningKey()))
                }
                codes.append(error?.code.rawValue)
            }

            #expect(codes == ["code_unknown", "code_used", "code_expired"])
            let devices = try await world.service.devices()
            #expect(devices.count == 1)
        }
    }

    @Test("[A-01] the same device may bring its code again, when the first answer was lost")
    func lostAnswer() async throws {
        try await World.run { world in
            let key = SigningKey()
            let code = try await world.service.expectDevice(
                named: "林小梅",
                areas: [area(Town.gaoting)]
            ).code.description

            let first = try await world.service.enrol(request(code, by: key))
            world.clock.advance(by: 2 * SyncService.codeLifetime)
            let second = try await world.service.enrol(request(code, by: key))

            #expect(second.device == first.device && second.grant == first.grant)
        }
    }

    @Test("[A-01] a device that enrols again keeps its number, so that it can go on sending")
    func enrolledTwice() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            try await lin.send(lin.change(id(1), to: dwelling(in: Town.gaoting)))
            let code = try await world.service.expectDevice(
                named: "林小梅",
                areas: [area(Town.gaoting)]
            ).code.description

            _ = try await world.service.enrol(request(code, by: lin.key))

            let outcomes = try await lin.send(lin.change(id(2), to: dwelling(in: Town.gaoting)))
            #expect(outcomes.map(\.kind) == [.applied])
        }
    }

    @Test("[A-03] the answer is signed by the server whose fingerprint the link names")
    func certificate() async throws {
        try await World.run { world in
            let key = SigningKey()
            let code = try await world.service.expectDevice(
                named: "林小梅",
                areas: [area(Town.gaoting)]
            ).code.description

            let answer = try await world.service.enrol(request(code, by: key))

            let server = try #require(PublicKey(bytes: answer.serverKey))
            let mine = await EnrolmentCertificate.holds(
                answer.certificate,
                by: server,
                for: key.publicKey
            )
            let others = await EnrolmentCertificate.holds(
                answer.certificate,
                by: server,
                for: SigningKey().publicKey
            )
            #expect(server.fingerprint == world.service.fingerprint)
            #expect(mine && !others)
        }
    }

    @Test("[A-04] a token that says who signs is accepted, until ten minutes have passed")
    func accepted() async throws {
        try await World.run { world in
            let lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let token = try await DeviceToken.signed(
                by: lin.key,
                for: world.service.fingerprint,
                at: world.clock.now
            )

            let device = try await world.service.authenticate(token)
            world.clock.advance(by: 600_000)
            let late = try await refusal { try await world.service.authenticate(token) }

            #expect(device.id == lin.id)
            #expect(late?.code == "token_time")
        }
    }

    @Test("[A-04] whatever is wrong with a token has a code of its own")
    func refusedTokens() async throws {
        try await World.run { world in
            let lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            let server = world.service.fingerprint
            let now = world.clock.now
            let mine = try await DeviceToken.signed(by: lin.key, for: server, at: now)
            let strange = try await DeviceToken.signed(by: SigningKey(), for: server, at: now)
            let forged =
                mine.split(separator: ".").prefix(2) + strange.split(separator: ".").suffix(1)
            let tokens: [String?] = [
                nil, "", "not a token", strange, forged.joined(separator: "."),
                try await DeviceToken.signed(by: lin.key, for: "another", at: now),
                try await DeviceToken.signed(by: lin.key, for: server, at: now - 3_600_000),
                try await DeviceToken.signed(by: lin.key, for: server, at: now + 3_600_000),
            ]

            var codes: [String?] = []
            for token in tokens {
                let error = try await refusal { try await world.service.authenticate(token) }
                codes.append(error?.code.rawValue)
            }

            #expect(
                codes == [
                    "token_missing", "token_missing", "token_malformed", "device_unknown",
                    "signature_invalid", "audience_wrong", "token_time", "token_time",
                ]
            )
        }
    }

    @Test("[F-05] a device of another township receives nothing of this one, however it asks")
    func otherTownship() async throws {
        try await World.run { world in
            var lin = try await world.device(named: "林小梅", areas: Town.gaoting)
            var hu = try await world.device(named: "胡敏", areas: Town.dongsha)
            try await lin.send(lin.change(id(1), to: person(in: Town.gaoting)))
            let (here, there) = ([area(Town.gaoting)], [area(Town.dongsha)])
            let town = area(Town.gaoting)
            hu.bookmarks[town] = Bookmark(area: town, position: .start)

            let pages = try await hu.read()
            let shown = try await world.service.record(id(1), in: there)
            let list = try await world.service.records(
                ofType: nil,
                in: there,
                after: nil,
                limit: 10,
                for: world.clerk
            )
            let own = try await world.service.record(id(1), in: here)

            #expect(pages.isEmpty && hu.heldRecords.isEmpty)
            #expect(shown?.record == nil)
            #expect(list.records.isEmpty && list.next == nil)
            #expect(own?.record.state.id == id(1))
        }
    }
}
