// swift-tools-version: 6.2
import PackageDescription

/// Every target is built by the same rules; see CONTRIBUTING.md for what each one is for.
let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

/// The Makefile asks for our own targets to be optimized in debug builds, too: one build folder
/// then serves tests and demo, and neither is slow.
///
/// Never set where this package is a dependency.
let optimized: [SwiftSetting] =
    Context.environment["RESIDENCE_OPTIMIZED"] == nil ? [] : [.unsafeFlags(["-O"])]

extension Target.Dependency {
    static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let cryptoExtras = product(name: "CryptoExtras", package: "swift-crypto")
    static let jwt = product(name: "JWTKit", package: "jwt-kit")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let grdbSQLite = product(name: "GRDBSQLite", package: "GRDB.swift")
    static let hummingbird = product(name: "Hummingbird", package: "hummingbird")
    static let hummingbirdTesting = product(name: "HummingbirdTesting", package: "hummingbird")
    static let hummingbirdTLS = product(name: "HummingbirdTLS", package: "hummingbird")
    static let hummingbirdCore = product(name: "HummingbirdCore", package: "hummingbird")
    static let httpTypes = product(name: "HTTPTypes", package: "swift-http-types")
    static let nio = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let x509 = product(name: "X509", package: "swift-certificates")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let coreMetrics = product(name: "CoreMetrics", package: "swift-metrics")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
}

func library(
    _ name: String,
    in folder: String,
    needs dependencies: [Target.Dependency] = [],
    resources: [Resource] = [],
    exclude: [String] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "\(folder)/\(name)",
        exclude: exclude,
        resources: resources,
        swiftSettings: settings + optimized
    )
}

func program(_ name: String, needs dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: "Sources/\(name)",
        swiftSettings: settings + optimized
    )
}

func tests(
    _ name: String,
    of dependencies: [Target.Dependency],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        path: "Tests/\(name)",
        exclude: exclude,
        swiftSettings: settings
    )
}

let package = Package(
    name: "ResidenceSync",
    products: [
        .library(
            name: "ResidenceSyncClient",
            targets: [
                "SyncClient", "LocalSQLite", "ClientHTTP", "ResidenceDomain", "SyncProtocol",
            ]
        ),
        .executable(name: "residence", targets: ["residence"]),
        .executable(name: "residence-syncd", targets: ["residence-syncd"]),
        .executable(name: "residence-sim", targets: ["residence-sim"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .systemLibrary(
            name: "CZlib",
            path: "Protocol/CZlib",
            pkgConfig: "zlib",
            providers: [.apt(["zlib1g-dev"])]
        ),
        .systemLibrary(
            name: "CDeflate",
            path: "Protocol/CDeflate",
            pkgConfig: "libdeflate",
            providers: [.apt(["libdeflate-dev"])]
        ),
        library(
            "SyncProtocol",
            in: "Protocol",
            needs: [.protobuf, "CZlib", "CDeflate"],
            resources: [
                .embedInCode("Generated/records.binpb"),
                .embedInCode("Generated/dictionary.bin"),
            ]
        ),
        library(
            "SyncTrust",
            in: "Protocol",
            needs: ["SyncProtocol", .crypto, .cryptoExtras, .jwt, .x509, .asn1]
        ),

        library("SQLiteRows", in: "Sources", needs: [.grdb, .grdbSQLite]),

        library("SyncServer", in: "Server", needs: ["SyncProtocol", "SyncTrust"]),
        library(
            "StoreSQLite",
            in: "Server",
            needs: ["SyncServer", "SyncProtocol", "SQLiteRows", .grdb]
        ),
        .systemLibrary(
            name: "CPQ",
            path: "Server/CPQ",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"])]
        ),
        library("StorePostgres", in: "Server", needs: ["SyncServer", "SyncProtocol", "CPQ"]),
        library(
            "ServerHTTP",
            in: "Server",
            needs: [
                "SyncServer", "SyncProtocol", "SyncTrust", .hummingbird, .hummingbirdCore,
                .hummingbirdTLS, .httpTypes,
                .nio, .nioSSL, .logging, .metrics, .coreMetrics, .lifecycle,
            ]
        ),

        library("SyncClient", in: "Client", needs: ["SyncProtocol", "SyncTrust"]),
        library(
            "LocalSQLite",
            in: "Client",
            needs: ["SyncClient", "SyncProtocol", "SyncTrust", "SQLiteRows", .grdb]
        ),
        library(
            "ClientHTTP",
            in: "Client",
            needs: ["SyncClient", "SyncProtocol", "SyncTrust", .nio, .nioHTTP, .nioPosix, .nioSSL]
        ),

        library(
            "ResidenceDomain",
            in: "Sources",
            needs: ["SyncProtocol"],
            resources: [
                .embedInCode("Divisions/zhoushan-divisions.csv"),
                .embedInCode("Divisions/china-counties.csv"),
            ]
        ),
        library("Terminal", in: "Sources", needs: ["SyncProtocol", "ResidenceDomain", .arguments]),
        program(
            "residence",
            needs: [
                "SyncClient", "LocalSQLite", "ClientHTTP", "ResidenceDomain", "SyncProtocol",
                "SyncTrust", "Terminal", .arguments,
            ]
        ),
        program(
            "residence-syncd",
            needs: [
                "SyncServer", "StoreSQLite", "StorePostgres", "ServerHTTP", "ResidenceDomain",
                "SyncProtocol", "SyncTrust",
                "Terminal", .hummingbird, .arguments, .logging, .lifecycle, .coreMetrics,
            ]
        ),

        program("measure-merge", needs: ["SyncProtocol"]),
        program("make-dictionary", needs: ["ResidenceDomain", "SyncProtocol"]),
        .executableTarget(
            name: "residence-bench",
            dependencies: [
                "SyncClient", "LocalSQLite", "ClientHTTP", "ResidenceDomain", "SyncProtocol",
                "SyncTrust", "SyncServer", "StoreSQLite", "Chance", .arguments, .nio, .nioPosix,
                .nioSSL,
            ],
            path: "Tests/Benchmarks",
            exclude: ["Baseline", "RESULTS.md", "postgres.sh", "peers.sh", "Peers/kinto.ini"],
            swiftSettings: settings + optimized
        ),

        library("Chance", in: "Sources"),
        .target(
            name: "CFaultDisk",
            path: "Sources/CFaultDisk",
            linkerSettings: [.linkedLibrary("sqlite3")]
        ),
        library(
            "Simulator",
            in: "Sources",
            needs: [
                "SyncClient", "LocalSQLite", "SyncServer", "StoreSQLite", "StorePostgres",
                "SyncProtocol", "SyncTrust",
                "ResidenceDomain", "Chance", "CFaultDisk",
            ]
        ),
        program("residence-sim", needs: ["Simulator", "SyncProtocol", "Terminal", .arguments]),

        library("TestSupport", in: "Tests"),
        tests("SyncProtocolTests", of: ["SyncProtocol", "TestSupport", "Chance", .protobuf]),
        tests("SyncTrustTests", of: ["SyncTrust", "SyncProtocol", "Chance"]),
        tests("SimulatorTests", of: ["Simulator", "TestSupport"]),
        tests(
            "StoreConformance",
            of: [
                "SyncServer", "StoreSQLite", "StorePostgres", "SyncProtocol", "SyncTrust",
                "TestSupport", .grdb,
            ]
        ),
        tests(
            "SyncServerTests",
            of: [
                "SyncServer", "StoreSQLite", "SyncProtocol", "SyncTrust", "TestSupport", "Chance",
            ]
        ),
        tests(
            "ServerHTTPTests",
            of: [
                "ServerHTTP", "SyncServer", "StoreSQLite", "SyncProtocol", "SyncTrust",
                .hummingbird, .hummingbirdTesting, .httpTypes, .nio, .logging,
            ]
        ),
        tests(
            "SyncClientTests",
            of: [
                "SyncClient", "LocalSQLite", "SyncServer", "StoreSQLite", "SyncProtocol",
                "SyncTrust", "TestSupport", "Chance", .grdb,
            ]
        ),
        tests(
            "LocalSQLiteTests",
            of: ["LocalSQLite", "SyncClient", "SyncProtocol", "SyncTrust", .grdb]
        ),
        tests(
            "ResidenceDomainTests",
            of: ["ResidenceDomain", "SyncProtocol", "TestSupport", "Chance"],
            exclude: ["Fixtures"]
        ),
        tests(
            "EndToEndTests",
            of: ["SyncProtocol", "SyncTrust", "Simulator", "TestSupport"],
            exclude: ["Fixtures"]
        ),
        // What libFuzzer runs (`make fuzz`) runs in tests, too: over its corpus, and over what seeds make of that.
        library(
            "Fuzz",
            in: "Tests",
            needs: ["SyncProtocol", "SyncTrust", "ResidenceDomain"],
            exclude: ["Corpus"]
        ),
        tests("FuzzTests", of: ["Fuzz", "Chance", "TestSupport"]),
        tests("TerminalTests", of: ["Terminal"]),
        tests("RepositoryTests", of: ["SyncTrust"]),
    ],
    swiftLanguageModes: [.v6]
)

// The documentation plugin is fetched for `make docs` alone.
if Context.environment["DOCS"] != nil {
    package.dependencies.append(
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0")
    )
}
