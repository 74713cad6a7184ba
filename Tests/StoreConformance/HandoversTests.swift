import SyncProtocol
import SyncServer
import Testing

/// Work that goes from one person to another.
struct HandoversTests {
    private static let town = "330902001"
    private let home = Sample.record(1)
    private let flat = Sample.record(2)

    /// A dwelling whose address was forgotten.
    private var flawed: Dwelling {
        Dwelling {
            $0.area = Self.town
            $0.kind = .rented
        }
    }

    @Test(
        "[O-01] a handover gives areas, returned changes and conflicts to another device",
        arguments: StoreKind.available
    )
    func handover(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            var chen = try await office.hand("陈建国", Self.town)
            var lin = try await office.hand("林小梅", "330902002")
            try await chen.send(
                chen.change(home, dwelling(in: Self.town)),
                chen.change(flat, self.flawed)
            )
            try await chen.read()

            let report = try await office.service.handOver(
                from: chen.id,
                to: lin.id,
                reason: "休假",
                for: office.clerk
            )
            // Chen had captured before he knew.
            let late = try await chen.send(chen.change(home, Dwelling { $0.remark = "一" }, saw: 1))
            try await chen.read()
            try await lin.read()

            #expect(report.returned == 1 && report.areas == [Sample.area(Self.town)])
            #expect(late.map(\.kind) == [.applied])
            #expect(chen.areas.isEmpty && chen.held.isEmpty)
            #expect(lin.areas == ["330902002", Self.town] && lin.held == [home])
            let noted = try await office.store.read { try $0.accesses(after: 0, limit: 100) }
                .compactMap(\.access).filter { $0.act == .handover }
            #expect(noted.map(\.reason) == ["陈建国 → 林小梅: 休假"])
        }
    }

    @Test(
        "[O-02] whoever was given the work sees what was returned, and mends it; both names stay",
        arguments: StoreKind.available
    )
    func mending(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            var chen = try await office.hand("陈建国", Self.town)
            let lin = try await office.hand("林小梅", "330902002")
            let wu = try await office.hand("吴海", Self.town)
            try await chen.send(chen.change(flat, self.flawed))
            _ = try await office.service.handOver(from: chen.id, to: lin.id, for: office.clerk)
            let (she, he) = try await (
                Principal(office.device(lin.id)), Principal(office.device(wu.id))
            )

            let seen = try await office.service.quarantine(for: she).entries
            let unseen = try await office.service.quarantine(for: he).entries
            let number = try #require(seen.first?.returned.id)
            let fields = Dwelling { $0.address = "海滨路2号" }.fieldMap
            let request = MendRequest(fields: fields, of: Dwelling.recordType.number)
            let refused = try await errorCode {
                try await office.service.mend(number, request, for: he)
            }
            let unthrown = try await errorCode {
                try await office.service.discard(number, reason: "不要", for: she)
            }
            _ = try await office.service.mend(number, request, for: she)
            let settled = try await chen.read()

            let history = try await office.service.history(of: flat, at: nil, for: office.clerk)
            #expect(seen.map(\.author) == ["陈建国"] && unseen.isEmpty)
            #expect(refused == "quarantine_not_found" && unthrown == "role_forbidden")
            #expect(settled.map(\.by) == ["林小梅"])
            #expect(history.steps.map(\.author) == ["林小梅"])
            let places = try await office.areas(of: flat)
            #expect(places == [[Self.town]])
        }
    }

    @Test(
        "[O-02] what came under a later grant is nobody's heritage; what was handed on is the next one's"
    )
    func limits() async throws {
        try await Office.run(in: .sqlite) { office in
            var chen = try await office.hand("陈建国", Self.town)
            let lin = try await office.hand("林小梅", "330902002")
            let wu = try await office.hand("吴海", "330902003")
            _ = try await office.service.handOver(from: chen.id, to: lin.id, for: office.clerk)
            // Late, under the grant that was handed over; then under a new one.
            try await chen.send(chen.change(flat, self.flawed))
            try await office.service.assign([Sample.area(Self.town)], to: chen.id)
            try await chen.read()
            try await chen.send(chen.change(home, self.flawed))
            let hers = try await office.service
                .quarantine(for: Principal(office.device(lin.id))).entries

            _ = try await office.service.handOver(
                from: lin.id,
                to: wu.id,
                keeping: true,
                for: office.clerk
            )
            let his = try await office.service
                .quarantine(for: Principal(office.device(wu.id))).entries

            #expect(hers.map(\.returned.change.record) == [flat])
            #expect(his.map(\.returned.change.record) == [flat])
            let kept = try await office.device(lin.id).grant.areas.map(\.rawValue)
            #expect(kept == ["330902002", Self.town])
        }
    }

    @Test("[O-01] nothing is handed to itself, to a device out of use, or out of other hands")
    func refusals() async throws {
        try await Office.run(in: .sqlite) { office in
            let chen = try await office.hand("陈建国", Self.town)
            let lin = try await office.hand("林小梅", "330902002")
            let service = office.service
            let itself = try await errorCode {
                try await service.handOver(from: chen.id, to: chen.id, for: office.clerk)
            }
            let others = try await errorCode {
                try await service.handOver(
                    from: chen.id,
                    to: lin.id,
                    areas: [Sample.area("330902003")],
                    for: office.clerk
                )
            }
            try await service.suspend(lin.id, true)
            let unused = try await errorCode {
                try await service.handOver(from: chen.id, to: lin.id, for: office.clerk)
            }

            #expect(itself == "device_is_same" && others == "area_not_held")
            #expect(unused == "device_suspended")
        }
    }

    @Test(
        "[O-03] the device in whose place another one is enrolled is revoked then, and not before",
        arguments: StoreKind.available
    )
    func replacement(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            let chen = try await office.hand("陈建国", Self.town)
            let expected = try await office.service.expectReplacement(
                of: chen.id,
                named: "林小梅",
                areas: [Sample.area(Self.town)]
            )
            let before = try await office.device(chen.id).revoked

            let lin = try await office.enrol(expected.code)

            let after = try await office.device(chen.id).revoked
            let again = try await errorCode {
                try await office.service.expectReplacement(of: chen.id, named: "", areas: [])
            }
            #expect(before == nil && after?.takesOutbox == true)
            #expect(lin.areas == [Self.town] && again == "device_revoked")
        }
    }

    @Test(
        "[O-02] of a device that was revoked before a split, all that became of its area is handed over",
        arguments: StoreKind.available
    )
    func revokedBeforeSplit(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            let (old, other) = ("330902001", "330902002")
            let chen = try await office.hand("陈建国", old)
            let lin = try await office.hand("林小梅", Self.town)
            _ = try await office.hand("胡大海", old)
            try await office.service.revoke(chen.id, takesOutbox: true)
            var split = Office.change(.split, [old], to: [old, other])
            split.at = Sample.noon + 1
            _ = try await office.service.change(map: split, directing: [:], for: office.clerk)

            let report = try await office.service.handOver(
                from: chen.id,
                to: lin.id,
                for: office.clerk
            )

            #expect(Set(report.areas) == Set([old, other].map(Sample.area)))
        }
    }
}
