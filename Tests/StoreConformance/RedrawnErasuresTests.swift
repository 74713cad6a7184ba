import SyncProtocol
import SyncServer
import Testing

/// Erasures by law in areas that are redrawn 撤并.
struct RedrawnErasuresTests {
    private static let old = "330902001"
    private static let other = "330902002"

    private let wang = Sample.record(1)

    @Test(
        "[E-02] [P-06] an erasure follows its area: whoever held it hears of it in the new one",
        arguments: StoreKind.available
    )
    func erasedBefore(in kind: StoreKind) async throws {
        try await Office.run(in: kind) { office in
            var chen = try await office.hand("陈建国", Self.old)
            try await chen.send(chen.change(wang, person("王芳", in: Self.old)))
            _ = try await office.service.erase(wang, reason: "依申请", for: office.clerk)
            try await office.change(.merge, [Self.old], to: [Self.other])

            try await chen.read()

            let places = try await office.areas(of: wang)
            #expect(places == [[Self.other]])
            #expect(chen.areas == [Self.other])
        }
    }
}
