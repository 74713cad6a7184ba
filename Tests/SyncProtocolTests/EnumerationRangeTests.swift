import SyncProtocol
import Testing

/// Numbers that JSON can say and protobuf cannot: each of them once stopped the process.
struct EnumerationRangeTests {
    @Test(
        "[W-05] an enumeration's number of more than 32 bits is refused, wherever it stands",
        arguments: [
            #"{"changes": [{"resolution": {"choice": 2147483648}}]}"#,
            #"{"changes": [{"resolution": {"choice": -2147483649}}]}"#,
            #"{"changes": [{"body": {"person": {"sex": 9223372036854775807}}}]}"#,
            #"{"changes": [{"body": {"dwelling": {"safetyFindings": [1, 4294967296]}}}]}"#,
        ]
    )
    func tooLarge(json: String) {
        let error = #expect(throws: SyncError.self) {
            try SyncRequest(Array(json.utf8), as: .json)
        }

        #expect(error?.code == "json_malformed")
    }

    @Test func `a number that nobody here knows is kept`() throws {
        let json = #"{"changes": [{"body": {"person": {"sex": 77}}}]}"#

        let request = try SyncRequest(Array(json.utf8), as: .json)

        #expect(request.payloads.count == 1)
    }

    @Test(
        "[T-02] no clock of a device is refused, however far it is off",
        arguments: [Int64.min, .max]
    )
    func clocks(time: Int64) throws {
        let json = #"{"deviceTime": "\#(time)"}"#

        let request = try SyncRequest(Array(json.utf8), as: .json)

        #expect(abs(request.deviceTime) <= 1 << 52)
    }
}
