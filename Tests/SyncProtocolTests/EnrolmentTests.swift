import SyncProtocol
import Testing

struct EnrolmentTests {
    private let request = EnrolmentRequest(
        code: "7Q2M-K9XD-04TB",
        publicKey: [UInt8](repeating: 2, count: 32),
        software: "residence/1.0"
    )
    private let response = EnrolmentResponse(
        device: Sample.chen.device,
        epoch: Sample.epoch,
        serverKey: [UInt8](repeating: 3, count: 32),
        identityKey: [UInt8](repeating: 4, count: 32),
        grant: Grant(number: 1, areas: [Sample.area("330206001001")]),
        serverTime: Sample.noon,
        certificate: "eyJ.eyJ.c2ln",
        name: "陈建国的手机"
    )

    @Test("[W-03] an enrolment survives protobuf both ways")
    func protobuf() throws {
        var response = response
        response.sealingKey = SealingKey(
            key: [UInt8](repeating: 5, count: 32),
            signature: [UInt8](repeating: 6, count: 64)
        )
        let asked = try EnrolmentRequest(request.encoded, as: .protobuf)
        let answered = try EnrolmentResponse(response.encoded(as: .protobuf))

        #expect(asked == request)
        #expect(answered == response)
    }

    @Test("[W-03] an enrolment in JSON says what it says in protobuf")
    func json() throws {
        let body = """
            {"code": "7Q2M-K9XD-04TB", "software": "residence/1.0",
             "publicKey": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="}
            """

        let asked = try EnrolmentRequest(Array(body.utf8), as: .json)
        let answered = String(decoding: response.encoded(as: .json), as: UTF8.self)

        #expect(asked == request)
        for part in ["\"serverTime\":\"1767268800000\"", "\"areas\":[\"330206001001\"]", "陈建国的手机"] {
            #expect(answered.contains(part))
        }
    }

    @Test func `a body that is no enrolment is refused by its own code`() {
        let protobuf = #expect(throws: SyncError.self) {
            try EnrolmentRequest([0x0A], as: .protobuf)
        }
        let json = #expect(throws: SyncError.self) { try EnrolmentRequest([0x0A], as: .json) }
        let answer = #expect(throws: SyncError.self) { try EnrolmentResponse([]) }

        #expect(protobuf?.code.rawValue == "protobuf_malformed")
        #expect(json?.code.rawValue == "json_malformed")
        #expect(answer?.code.rawValue == "protobuf_malformed")
    }
}
