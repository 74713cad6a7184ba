import Foundation
import Testing

/// `residence-sim` as it is typed: what it does not take, and what scripts read.
struct SimulatorCommandTests {
    private static let small = ["--devices", "1", "--days", "1", "--weather", "fair"]

    @Test(arguments: [
        ["--seed", "18446744073709551615"],
        ["--seeds", "18446744073709551614..18446744073709551615"],
    ])
    func `the last seeds that there are make worlds like any other`(seeds: [String]) throws {
        let result = try Programs.run("residence-sim", seeds + Self.small + ["--json"])

        let summary = try #require(try result.json()["summary"] as? [String: Any])
        #expect(result.status == 0)
        #expect(summary["runs"] as? Int == (seeds[0] == "--seed" ? 1 : 2))
    }

    @Test(arguments: [
        ["--seconds", "0"], ["--seconds", "nan"], ["--seconds", "inf"], ["--seeds", "1..3.."],
        ["--seeds", "..3"], ["--seeds", "3..1"], ["--lang", "fr"], ["--weather", "sunny"],
        ["--bug", "none"], ["--devices", "0"], ["--days", "0"], ["--jobs", "0"],
        ["--seeds", "1..3", "--seed", "7"],
    ])
    func `a value that is not understood is wrong usage, and option and value are named`(
        arguments: [String]
    ) throws {
        let chinese = try Programs.run("residence-sim", arguments)
        let english = try Programs.run("residence-sim", arguments, environment: ["LC_ALL": "en"])

        for result in [chinese, english] {
            #expect(result.status == 64)
            #expect(result.output.isEmpty)
            #expect(result.errors.contains(arguments[0]), "\(result.errors)")
            #expect(
                arguments.count > 2 || result.errors.contains(arguments[1]),
                "\(result.errors)"
            )
        }
    }

    @Test func `scripts read of wrong usage in JSON, too`() throws {
        let result = try Programs.run("residence-sim", "--seeds", "1..3..", "--json")

        let error = try #require(try result.json()["error"] as? [String: Any])
        #expect(result.status == 64)
        #expect(error["code"] as? String == "seeds_malformed")
        #expect(error["subject"] as? String == "--seeds")
    }

    @Test func `a run without a world is no success`() throws {
        let result = try Programs.run(
            "residence-sim",
            Self.small + ["--seed", "1", "--seconds", "1e-12"]
        )

        #expect(result.status == 1)
        #expect(result.errors.contains("[no_world]"), "\(result.errors)")
        #expect(!result.output.contains("一切相符"))
    }

    @Test func `what failed has the names that the summary has`() throws {
        let result = try Programs.run(
            "residence-sim",
            [
                "--seed", "1", "--devices", "3", "--days", "3", "--weather", "fair", "--bug",
                "loses-history", "--json",
            ]
        )

        let document = try result.json()
        let summary = try #require(document["summary"] as? [String: Any])
        let failure = try #require(document["failure"] as? [String: Any])
        #expect(result.status == 1)
        #expect(failure["seed"] as? Int == 1)
        #expect(failure["device_days"] is Int && failure["failed_syncs"] is Int)
        #expect(failure.keys.allSatisfy { $0 == $0.lowercased() }, "\(failure.keys.sorted())")
        let own: Set = ["seed", "verdicts", "story"]
        #expect(Set(failure.keys).subtracting(own).isSubset(of: summary.keys))
    }

    @Test func `a world that cannot begin is told with its seed`() throws {
        let result = try Programs.run(
            "residence-sim",
            [
                "--seeds", "1..2", "--weather", "storm", "--bug", "answers-before-commit", "--lang",
                "en",
            ]
        )

        #expect(result.status == 1)
        #expect(result.output.contains("Seed 1 fails"), "\(result.output) \(result.errors)")
        #expect(result.output.contains("code_unknown"), "\(result.output)")
    }

    // MARK: - inspect

    @Test(arguments: ["--server", "--device"])
    func `a folder that is not there is not judged, and not made`(option: String) throws {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("inspected-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let (server, device) = (folder.path + "/server", folder.path + "/device")
        let flags = ["device", "add", "--data", server, "--name", "a", "--area", "3309"]
        let made = try Programs.run("residence-syncd", flags)
        #expect(made.status == 0, "\(made.errors)")
        try Programs.run("residence", "status", "--data", device)
        let missing = folder.path + "/typo"
        let bare = folder.path + "/bare"
        try FileManager.default.createDirectory(
            atPath: bare,
            withIntermediateDirectories: true
        )
        func inspect(_ place: String) throws -> Programs.Result {
            option == "--server"
                ? try Programs.run(
                    "residence-sim",
                    "inspect",
                    "--server",
                    place,
                    "--device",
                    device
                )
                : try Programs.run(
                    "residence-sim",
                    "inspect",
                    "--server",
                    server,
                    "--device",
                    place
                )
        }

        let (typo, empty) = try (inspect(missing), inspect(bare))

        for (result, place) in [(typo, missing), (empty, bare)] {
            #expect(result.status == 1)
            #expect(result.errors.contains("[data_missing]"), "\(result.errors)")
            #expect(result.errors.contains(option) && result.errors.contains(place))
            #expect(!result.output.contains("一切相符"))
        }
        #expect(!FileManager.default.fileExists(atPath: missing))
        #expect(try FileManager.default.contentsOfDirectory(atPath: bare).isEmpty)
    }
}
