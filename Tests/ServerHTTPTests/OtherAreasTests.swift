import Foundation
import HTTPTypes
import HummingbirdTesting
import SyncProtocol
import SyncServer
import Testing

/// Every route, asked by every role of another area, for what is not theirs.
struct OtherAreasTests {
    private static let secret = "欧阳修竹"
    private static let number = "34011119701005450X"

    /// A name that is contested, and a capture that was returned, in one town; the record concerned.
    private static func story(_ host: TestHost) async throws -> RecordID {
        var one = try await host.handheld("高亭一号", in: "330921101")
        var two = try await host.handheld("高亭二号", in: "330921101")
        let id = id(1)
        try await one.send(one.change(id, to: person(secret, in: "330921101")))
        var other = person(secret + "二", in: "330921101")
        other.remark = secret
        try await two.send(two.change(id, to: other))
        // Outside the author's areas: returned, with all that it says.
        try await two.send(two.change(Self.id(2), to: person(secret, in: "330903001")))
        return id
    }

    private static func id(_ number: UInt8) -> RecordID {
        guard let id = RecordID(bytes: [UInt8](repeating: 7, count: 15) + [number]) else {
            preconditionFailure("16 bytes are an id")
        }
        return id
    }

    /// Bodies that the routes take, so that a refusal is one of the area and not of the form.
    private static func body(of path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        return switch last {
        case "sync", "mend": "{}"
        case "estimate": #"{"bookmarks": []}"#
        case "repair": #"{"branches": [{"area": "330921101"}]}"#
        case "resolution": #"{"choice": "PROPOSED", "revision": 2}"#
        case "reidentification": #"{"target": "\#(id(2))", "revision": 2}"#
        case "deletion", "undeletion", "split": #"{"reason": 1, "revision": 2}"#
        default: #"{"reason": "因为"}"#
        }
    }

    static func ask(
        _ route: String,
        by device: Handheld,
        about record: RecordID
    ) async throws -> TestResponse {
        if route == "GET /v1/events" { return try await device.listenBriefly() }
        let parts = route.split(separator: " ").map(String.init)
        let number = parts[1].contains("/records/") ? record.description : "1"
        let path = parts[1].replacing("{id}", with: number)
        return parts[0] == "GET"
            ? try await device.get(path) : try await device.post(path, body(of: path))
    }

    @Test(
        "[F-05] no route tells any role of another area what is not theirs, or lets them change it [I7]"
    )
    func everyRoute() async throws {
        let routes = try OpenAPITests.documented().filter { $0.contains(" /v1/") }.sorted()
        try await TestHost.run { host in
            let record = try await Self.story(host)
            let before = try await host.service.record(record, in: [area("33")])?.record
            for role in Role.allCases {
                // A department is one by its name; others hold a county, as reviewers do.
                let stranger = try await host.handheld(
                    "别处 \(role)",
                    as: role,
                    of: role == .department ? "人力社保" : nil,
                    in: "330922"
                )
                for route in routes {
                    let answer = try await Self.ask(route, by: stranger, about: record)

                    #expect(!answer.text.contains(Self.secret), "\(role): \(route)")
                    #expect(!answer.text.contains(Self.number), "\(role): \(route)")
                }
            }
            let after = try await host.service.record(record, in: [area("33")])?.record
            #expect(before == after && before != nil)
        }
    }

    @Test func `the same routes tell it to those whose area it is`() async throws {
        let routes = try OpenAPITests.documented().filter { $0.hasPrefix("GET /v1/") }.sorted()
        try await TestHost.run { host in
            let record = try await Self.story(host)
            let reviewer = try await host.handheld("审核", as: .reviewer, in: "330921")
            var telling: [String] = []
            for route in routes {
                let answer = try await Self.ask(route, by: reviewer, about: record)
                if answer.text.contains(Self.secret) { telling.append(route) }
            }

            #expect(telling.count >= 5, "\(telling)")
        }
    }

    @Test func `a suspended and a revoked device are told nothing by any route`() async throws {
        let routes = try OpenAPITests.documented().filter { $0.contains(" /v1/") }.sorted()
        try await TestHost.run { host in
            let record = try await Self.story(host)
            let (suspended, revoked) = try await (
                host.handheld("暂停", as: .operator, in: "330921"),
                host.handheld("撤销", as: .operator, in: "330921")
            )
            try await host.service.suspend(suspended.id, true)
            try await host.service.revoke(revoked.id, takesOutbox: true)

            for device in [suspended, revoked] {
                for route in routes {
                    let answer = try await Self.ask(route, by: device, about: record)

                    #expect(!answer.text.contains(Self.secret), "\(route)")
                    let isHeard = route == "POST /v1/sync" && device.id == revoked.id
                    let isWithoutToken = ["POST /v1/devices", "POST /v1/outbox"].contains(route)
                    #expect(answer.status == .forbidden || isHeard || isWithoutToken, "\(route)")
                }
            }
        }
    }
}
