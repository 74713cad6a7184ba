import SyncClient
import SyncProtocol
import SyncServer
import SyncTrust
import Testing

/// A department's device that was enrolled before its grant covered what ids derive from.
struct IdentityKeyTests {
    @Test(
        "[N-02] without the key to ids, nothing that has such an id is captured; a re-key link brings it"
    )
    func widened() async throws {
        let world = try await World()
        let office = try world.stranger(named: "住建")
        let expected = try await world.service.expectDevice(
            named: "住建",
            areas: [Sample.harbour],
            department: "住建",
            scope: try GrantScope(types: ["dwelling"], fields: ["person.sex"])
        )
        let link =
            "http://server.test:8080/enroll#code=\(expected.code)&key=\(world.service.fingerprint)"
        _ = try await office.client.enrol(link: link)
        let id = try #require(try await office.client.profile()?.device)

        let early = try await errorCode { _ = try await office.client.capture(Sample.person()) }
        let home = try await office.client.capture(Sample.dwelling("人民路1号"))
        let row = ImportRow(
            number: 1,
            captures: [Capture(id: home, type: Person.recordType, fields: Sample.person().fieldMap)]
        )
        let imported = try await errorCode { _ = try await office.client.importRows([row]) }
        try await world.service.assign([Sample.harbour], scope: .some(nil), to: id)
        try await office.sync()
        let widened = try await errorCode { _ = try await office.client.capture(Sample.person()) }
        _ = try await office.client.enrol(link: try await world.rekeyLink(for: id), .rekeyed)
        let person = try await office.client.capture(Sample.person())
        let same = try await world.device(named: "林小梅").client.capture(Sample.person())

        #expect(early == "identity_key_missing" && imported == early && widened == early)
        #expect(person == same)
    }
}
