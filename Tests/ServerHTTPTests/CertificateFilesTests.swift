import Foundation
import Logging
import ServerHTTP
import SyncProtocol
import SyncTrust
import Testing

struct CertificateFilesTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A folder with a certificate and its key.
    private final class Files {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tls-\(UUID().uuidString)")
        var certificate: String { folder.appendingPathComponent("certificate.pem").path }
        var key: String { folder.appendingPathComponent("key.pem").path }

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try makeAnew(changedAt: 1_000)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func makeAnew(changedAt time: Double) throws {
            let new = ServerCertificate.newKey()
            let signed = try ServerCertificate.selfSigned(
                by: new,
                for: ["localhost", "127.0.0.1"],
                from: Date(timeIntervalSince1970: 0),
                until: Date(timeIntervalSince1970: 4_000_000_000)
            )
            try write(new, to: key, changedAt: time)
            try write(signed, to: certificate, changedAt: time)
        }

        func write(_ text: String, to path: String, changedAt time: Double) throws {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let date = Date(timeIntervalSince1970: time)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
        }
    }

    @Test(arguments: [true, false])
    func `new files are served without a restart, but of another key than devices pin`(
        isPinned: Bool
    ) throws {
        let files = try Files()
        let served = try CertificateFiles(
            certificate: files.certificate,
            key: files.key,
            isPinned: isPinned
        )
        let before = try served.pinServed(at: 10_000, logger)

        try files.makeAnew(changedAt: 2_000)
        let after = try served.pinServed(at: 20_000, logger)

        #expect((before == after) == isPinned)
    }

    @Test func `a new file that is none is not served, and the old one goes on`() throws {
        let files = try Files()
        let served = try CertificateFiles(certificate: files.certificate, key: files.key)
        let before = try served.pin

        try files.write("no certificate", to: files.certificate, changedAt: 2_000)
        let after = try served.pinServed(at: 20_000, logger)

        #expect(before == after)
    }

    @Test func `a file that is missing, and a key of another certificate, are named`() throws {
        let (one, other) = try (Files(), Files())

        #expect(throws: SyncError.self) {
            try CertificateFiles(certificate: one.certificate, key: one.key + ".none")
        }
        let error = #expect(throws: SyncError.self) {
            try CertificateFiles(certificate: one.certificate, key: other.key)
        }
        #expect(error?.code == "certificate_unfit" && error?.subject == one.certificate)
    }
}
