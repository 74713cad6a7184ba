import SyncProtocol
import Testing

/// The wire as it was agreed, byte by byte.
///
/// To whoever breaks one of these: devices in the field speak what is written in
/// `Protocol/Vectors/v1/`, and servers have it stored. Either undo the change, or raise the protocol
/// version, keep reading the old bytes, and add a vector beside the old one. Never edit a vector.
///
/// A new sample in `Vectors.samples` gets its file by running this suite once with RECORD_VECTORS in
/// the environment.
struct VectorTests {
    @Test("[W-01] every message that was written down is read, and written again to the same bytes")
    func vectors() throws {
        let files = try Vectors.files()

        #expect(!files.isEmpty)
        for file in files {
            let again = try reencoded(file)
            #expect(again?.hexadecimal == file.bytes.hexadecimal, "\(file.name)")
        }
    }

    /// The message decoded and encoded again; `nil` where the file's name names no message.
    private func reencoded(_ file: Vectors.File) throws -> [UInt8]? {
        switch file.name.split(separator: "-").first {
        case "change": try Change(payload: file.bytes, epoch: .none).payload
        case "request": try SyncRequest(file.bytes, as: .protobuf).encoded
        case "response": try SyncResponse(file.bytes).encoded
        default: nil
        }
    }

    @Test("[W-01] what is said today is said in the bytes that were written down")
    func samples() throws {
        let files = try Vectors.files()

        for sample in Vectors.samples {
            let file = files.first { $0.name == sample.name }
            #expect(file?.bytes.hexadecimal == sample.bytes.hexadecimal, "\(sample.name)")
        }
    }

    @Test("[Q-04] a change inside a request is byte for byte the payload that the chain covers")
    func payloads() throws {
        let files = try Vectors.files()
        let batch = try #require(files.first { $0.name == "request-batch" })
        let creation = try #require(files.first { $0.name == "change-creation" })

        let request = try SyncRequest(batch.bytes, as: .protobuf)

        #expect(request.payloads.first == creation.bytes)
    }
}
