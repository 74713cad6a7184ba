import Foundation
import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import SyncServer
import Testing

/// The table of what each role may do, walked: every route, asked by everybody whose area it is.
struct RolesTests {
    /// What somebody has to be allowed to do before a route does anything; `nil` where reading one's own areas is
    /// all that it takes.
    private static let needs: [String: Role.Act?] = [
        "GET /v1/records": nil, "GET /v1/records/{id}": nil,
        "GET /v1/records/{id}/history": nil, "GET /v1/conflicts": nil,
        "GET /v1/conflicts/{id}": nil, "GET /v1/duplicates": nil, "POST /v1/sync": .capture,
        "POST /v1/repair": nil, "GET /v1/dictionaries/{name}": nil, "POST /v1/estimate": nil,
        "GET /v1/events": nil,
        // One's own; what was returned to others is told to those who settle it.
        "GET /v1/quarantine": nil, "GET /v1/quarantine/{id}": .settle,
        "POST /v1/conflicts/{id}/resolution": .resolve, "POST /v1/quarantine/{id}/mend": .settle,
        "POST /v1/quarantine/{id}/discard": .settle,
        "POST /v1/records/{id}/reidentification": .reidentify,
        "POST /v1/records/{id}/split": .reidentify, "POST /v1/records/{id}/deletion": .capture,
        "POST /v1/records/{id}/undeletion": .capture, "POST /v1/records/{id}/erasure": .erase,
        "GET /v1/audit": .audit,
    ]

    /// Routes that ask for no token: what comes by them is signed in another way.
    private static let withoutToken: Set = ["POST /v1/devices", "POST /v1/outbox"]

    /// Somebody of a role, in what such people hold: a village, a township, a county.
    private static func somebody(_ role: Role, at host: TestHost) async throws -> Handheld {
        switch role {
        case .coordinator: try await host.handheld("协管员", in: "330921101001")
        case .supervisor: try await host.handheld("站长", as: role, in: "330921101")
        case .reviewer: try await host.handheld("审核", as: role, in: "330921")
        case .operator: try await host.handheld("运维", as: role, in: "33")
        case .department:
            try await host.handheld("人力社保", as: role, of: "人力社保", in: "330921101")
        }
    }

    /// A name that is contested, and a capture that was returned, in one village.
    private static func story(_ host: TestHost) async throws -> RecordID {
        let id = id(1)
        var one = try await host.handheld("高亭一号", in: "330921101001")
        var two = try await host.handheld("高亭二号", in: "330921101001")
        try await one.send(one.change(id, to: person("欧阳修竹", in: "330921101001")))
        try await two.send(two.change(id, to: person("欧阳修足", in: "330921101001")))
        try await two.send(two.change(Self.id(2), to: dwelling(in: "330903001")))
        return id
    }

    private static func id(_ number: UInt8) -> RecordID {
        guard let id = RecordID(bytes: [UInt8](repeating: 7, count: 15) + [number]) else {
            preconditionFailure("16 bytes are an id")
        }
        return id
    }

    @Test func `the table knows every route`() throws {
        let routes = try OpenAPITests.documented().filter { $0.contains(" /v1/") }

        #expect(routes == Set(Self.needs.keys).union(Self.withoutToken))
    }

    @Test(
        "[A-05] of every route, each role is refused what the table does not give it, and nothing else",
        arguments: Role.allCases
    )
    func table(_ role: Role) async throws {
        for (route, act) in Self.needs.sorted(by: { $0.key < $1.key }) {
            try await TestHost.run { host in
                let record = try await Self.story(host)
                let device = try await Self.somebody(role, at: host)
                let isAllowed = act.map { role.may($0) } ?? true

                let answer = try await OtherAreasTests.ask(route, by: device, about: record)

                // Who may not settle is not told that there is anything to settle.
                let isHidden = route.contains("/v1/quarantine/") && !isAllowed
                let isRefused =
                    answer.status == .forbidden || (isHidden && answer.status == .notFound)
                #expect(isRefused == !isAllowed, "\(role): \(route): \(answer.status)")
                #expect(answer.status.code < 500, "\(role): \(route): \(answer.text)")
            }
        }
    }

    @Test(
        "[F-05] whoever holds a village, a township or a county is told what stands there, and of nothing beside it [I7]",
        arguments: Role.allCases
    )
    func own(_ role: Role) async throws {
        try await TestHost.run { host in
            let record = try await Self.story(host)
            var beside = try await host.handheld("别处", in: "330902")
            try await beside.send(beside.change(Self.id(3), to: person("司马相如", in: "330902001")))
            let device = try await Self.somebody(role, at: host)
            let routes = Self.needs.keys.filter { $0.hasPrefix("GET ") || $0 == "POST /v1/sync" }

            var telling: Set<String> = []
            for route in routes.sorted() {
                let answer = try await OtherAreasTests.ask(route, by: device, about: record)
                if answer.text.contains("欧阳修竹") { telling.insert(route) }
                // An operator's area is the province here: the other one's, too.
                #expect(role == .operator || !answer.text.contains("司马相如"), "\(route)")
            }

            #expect(
                telling.isSuperset(of: ["GET /v1/records", "GET /v1/records/{id}", "POST /v1/sync"]
                ),
                "\(role): \(telling.sorted())"
            )
        }
    }
}
