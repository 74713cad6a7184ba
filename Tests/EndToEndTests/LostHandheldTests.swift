import Foundation
import Testing

/// A handheld that fell off the ferry, and whoever found it.
struct LostHandheldTests {
    private static let passphrase = "海岛渔港 2026"

    @Test(
        "[D-05] whoever finds a sealed handheld reads no name and no number; its holder goes on as before"
    )
    func found() throws {
        let daemon = try RunningDaemon()
        try daemon.enrol("a", areas: ["330921101"])
        let early = try daemon.person(on: "a", in: "330921101")

        let sealed = try Programs.run(
            "residence",
            ["--data", daemon.device("a"), "passphrase", "set"],
            environment: ["RESIDENCE_NEW_PASSPHRASE": Self.passphrase]
        )
        #expect(sealed.status == 0, "\(sealed.errors)")
        let holder = ["RESIDENCE_PASSPHRASE": Self.passphrase]
        for arguments in [
            [
                "add", "person", "name=欧阳修竹", "document_number=34011119701005450X",
                "captured_in=330921101",
            ],
            ["sync"],
        ] {
            let done = try Programs.run(
                "residence",
                ["--data", daemon.device("a")] + arguments,
                environment: holder
            )
            #expect(done.status == 0, "\(done.errors)")
        }
        let search = try Programs.run(
            "residence",
            ["--data", daemon.device("a"), "search", "欧阳", "--json"],
            environment: holder
        )
        let stranger = try Programs.run("residence", "--data", daemon.device("a"), "show", early)

        #expect(search.output.contains("欧阳修竹"))
        #expect(stranger.status == 1 && stranger.errors.contains("device_locked"))
        let folder = URL(fileURLWithPath: daemon.device("a"))
        for file in try FileManager.default.contentsOfDirectory(
            at: folder,
            includingPropertiesForKeys: nil
        ) {
            let bytes = try Data(contentsOf: file)
            for secret in [
                "欧阳修竹", "34011119701005450X", "王小明", "11010519491231002X", daemon.address,
            ] {
                #expect(
                    bytes.range(of: Data(secret.utf8)) == nil,
                    "\(secret) in \(file.lastPathComponent)"
                )
            }
        }
    }
}
