import SyncProtocol
import SyncTrust
import Testing

struct NaturalKeyTests {
    private let key = Sample.identity
    private let number = Array("11010519491231002X".utf8)

    @Test(
        "[N-02] an id is the first 16 bytes of the HMAC over type and parts, each after its length"
    )
    func knownID() {
        let id = key.person(documentType: 1, number: number)

        #expect(id.bytes.hexadecimal == "804442eff61e85ff9c479698f87e7dac")
    }

    @Test("[N-02] the same parts give the same id on every device of the deployment")
    func sameParts() throws {
        let elsewhere = try #require(NaturalKey(bytes: key.bytes))

        #expect(
            elsewhere.person(documentType: 1, number: number)
                == key.person(documentType: 1, number: number)
        )
    }

    @Test("[N-02] another deployment gives another id")
    func otherKey() {
        #expect(
            Sample.identityKey(from: 1).person(documentType: 1, number: number)
                != key.person(documentType: 1, number: number)
        )
    }

    @Test("[N-02] bytes cannot be shifted from one part into another, or into the type's name")
    func shiftedParts() {
        let ids = [
            key.id(of: "Person", [[1], [2, 3]]), key.id(of: "Person", [[1, 2], [3]]),
            key.id(of: "Person", [[1, 2, 3]]), key.id(of: "Person", [[1], [2, 3], []]),
            key.id(of: "Person", [[], [1], [2, 3]]),
            key.id(of: "Perso", [Array("n".utf8), [1], [2, 3]]),
            key.id(of: "Person", [[1, 2, 2, 3]]),
        ]

        #expect(Set(ids).count == ids.count)
    }

    @Test("[N-02] every part of a natural key counts")
    func everyPartCounts() {
        let people = [
            key.person(documentType: 1, number: number),
            key.person(documentType: 2, number: number),
            key.person(documentType: 1, number: number + [0x30]),
        ]
        let dwellings = [
            key.dwelling(area: "330206", village: "一村", address: "1号", kind: 1),
            key.dwelling(area: "330207", village: "一村", address: "1号", kind: 1),
            key.dwelling(area: "330206", village: "二村", address: "1号", kind: 1),
            key.dwelling(area: "330206", village: "一村", address: "2号", kind: 1),
            key.dwelling(area: "330206", village: "一村", address: "1号", kind: 2),
        ]
        let registrations = [
            key.registration(person: people[0], dwelling: dwellings[0], reportedOn: 20_260_312),
            key.registration(person: people[1], dwelling: dwellings[0], reportedOn: 20_260_312),
            key.registration(person: people[0], dwelling: dwellings[1], reportedOn: 20_260_312),
            key.registration(person: people[0], dwelling: dwellings[0], reportedOn: 20_260_313),
        ]

        #expect(Set(people + dwellings + registrations).count == 12)
    }

    @Test("[N-01] a derived id is a UUID of version 8")
    func version() {
        for last in UInt8.min...UInt8.max {
            let id = key.person(documentType: 1, number: number + [last])
            #expect(id.bytes[6] >> 4 == 8)
            #expect(id.bytes[8] >> 6 == 0b10)
        }
    }

    @Test func `a key has 32 bytes, and two new ones differ`() {
        #expect(NaturalKey(bytes: [UInt8](repeating: 0, count: 31))?.bytes == nil)
        #expect(NaturalKey(bytes: [UInt8](repeating: 0, count: 33))?.bytes == nil)
        #expect(NaturalKey().bytes.count == 32)
        #expect(NaturalKey().bytes != NaturalKey().bytes)
    }
}
