import Foundation
import Testing

/// A settings file with a slip of the pen is refused in words, whichever command meets it first.
struct SettingsFileTests {
    /// A file, and the setting that is to be named.
    struct Slip: Sendable, CustomTestStringConvertible {
        let text: String
        let name: String

        init(_ text: String, _ name: String) { (self.text, self.name) = (text, name) }

        var testDescription: String { text }
    }

    static let slips = [
        Slip(#"{"backpu": {"folder": "/b", "at": "02:30"}}"#, "backpu"),
        Slip(#"{"backup": {"folder": "/b", "att": "02:30"}}"#, "backup.att"),
        Slip(#"{"tls": {"certificate": "a", "key": "b", "pins": true}}"#, "tls.pins"),
        Slip(#"{"limits": {"device_brust": 400}}"#, "limits.device_brust"),
        Slip(#"{"backup": {"folder": "/b", "at": "2:5"}}"#, "backup.at"),
        Slip(#"{"backup": {"folder": "/b", "at": "02:30", "every_hours": 6}}"#, "backup.at"),
        Slip(#"{"backup": {"folder": ""}}"#, "backup.folder"),
        Slip(#"{"backup": {"folder": "  "}}"#, "backup.folder"),
        Slip(#"{"backup": {"at": "02:30"}}"#, "backup.folder"),
        Slip(#"{"backup": {"folder": "/b", "keep": "many"}}"#, "backup.keep"),
        Slip(#"{"backup": {"folder": "/b", "keep": 0}}"#, "backup.keep"),
        Slip(#"{"backup": {"folder": "/b", "keep": 1.5}}"#, "backup.keep"),
        Slip(#"{"backup": "/b"}"#, "backup"),
        Slip(#"{"tls": {"certificate": "", "key": "b"}}"#, "tls.certificate"),
        Slip(#"{"limits": {"device_burst": 9, "at_once": 0}}"#, "limits.at_once"),
        Slip(#"{"database": {"lock": 0}}"#, "database.lock"),
        Slip(#"{"access": {"keep_days": 30}}"#, "access.keep_days"),
        Slip(#"{"access": {"keep_days": 200000000000}}"#, "access.keep_days"),
        Slip(#"{"lease_days": -1}"#, "lease_days"),
        Slip(#"{"backup": {"folder": "/b""#, "JSON"),
        Slip("[]", "JSON"),
    ]

    @Test(arguments: slips, ["zh", "en"])
    func `a setting that is not understood is named, with its file and what to write`(
        slip: Slip,
        language: String
    ) throws {
        let (file, result) = try Self.status(under: slip.text, "--lang", language)

        #expect(result.status == 1)
        #expect(result.errors.contains("[config_malformed]"), "\(result.errors)")
        #expect(result.errors.contains(slip.name), "\(result.errors)")
        #expect(result.errors.contains(file), "\(result.errors)")
        #expect(result.errors.split(separator: "\n").count == 2, "\(result.errors)")
        #expect(!result.errors.contains("Error("), "\(result.errors)")
    }

    @Test(arguments: [
        "{}",
        #"{"backup": {"folder": "/b"}}"#,
        #"{"backup": {"folder": "/b", "at": "23:59", "keep": 1}, "lease_days": 30}"#,
        #"{"backup": {"folder": "/b", "every_hours": 0.5}, "access": {"keep_days": 180}}"#,
        #"{"database": {"patience": 30, "statement": 60, "lock": 10, "idle": 60, "silence": 75}}"#,
    ])
    func `a file without a slip is taken`(text: String) throws {
        let (_, result) = try Self.status(under: text)

        #expect(!result.errors.contains("config_"), "\(result.errors)")
    }

    /// Fails when `TrafficLimits` has a name that `SettingsFile` does not know: add it there.
    @Test func `every limit that the server knows may be set`() throws {
        let source = try String(
            contentsOf: Programs.root.appendingPathComponent(
                "Server/ServerHTTP/Traffic/TrafficLimits.swift"
            ),
            encoding: .utf8
        )
        let keys = try #require(source.firstMatch(of: /enum CodingKeys[^{]*\{([^}]*)\}/))
        let names = keys.1.matches(of: /case ([^\n]+)/).flatMap { line in
            line.1.split(separator: ",").compactMap { word in
                word.split(whereSeparator: { " =\"".contains($0) }).last.map(String.init)
            }
        }
        let values = names.map { "\"\($0)\": \($0 == "proxies" ? "[]" : "100000")" }

        let (_, result) = try Self.status(
            under: "{\"limits\": {\(values.joined(separator: ", "))}}"
        )

        #expect(names.count >= 14)
        #expect(!result.errors.contains("config_"), "\(result.errors)")
    }

    /// What `status` says in a folder with a settings file, and that file's path.
    private static func status(
        under text: String,
        _ flags: String...
    ) throws -> (file: String, result: Programs.Result) {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("settings-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("config.json")
        try Data(text.utf8).write(to: file)
        let result = try Programs.run(
            "residence-syncd",
            ["status", "--data", folder.path] + flags
        )
        return (file.path, result)
    }
}
