import Testing

/// A target, and what it may import.
struct Layer: Sendable, CustomTestStringConvertible {
    let folder: String
    let mayImport: Set<String>

    var testDescription: String { folder }

    /// What every target may import: the language's own.
    private static let ground: Set<String> = ["Foundation", "Synchronization", "Glibc"]

    init(_ folder: String, _ modules: String...) {
        self.folder = folder
        mayImport = Self.ground.union(modules)
    }

    static let all = [
        Layer("Protocol/SyncProtocol", "SwiftProtobuf", "CZlib", "CDeflate"),
        Layer(
            "Protocol/SyncTrust",
            "SyncProtocol",
            "Crypto",
            "CryptoExtras",
            "JWTKit",
            "X509",
            "SwiftASN1"
        ),
        Layer("Server/SyncServer", "SyncProtocol", "SyncTrust"),
        Layer("Sources/SQLiteRows/", "GRDB", "GRDBSQLite"),
        Layer("Server/StoreSQLite", "SyncServer", "SyncProtocol", "SQLiteRows", "GRDB"),
        Layer("Server/StorePostgres", "SyncServer", "SyncProtocol", "CPQ", "Dispatch"),
        Layer(
            "Server/ServerHTTP",
            "SyncServer",
            "SyncProtocol",
            "SyncTrust",
            "Hummingbird",
            "HummingbirdCore",
            "HummingbirdTLS",
            "HTTPTypes",
            "NIOCore",
            "NIOSSL",
            "Logging",
            "Metrics",
            "CoreMetrics",
            "ServiceLifecycle"
        ),
        Layer("Client/SyncClient", "SyncProtocol", "SyncTrust"),
        Layer(
            "Client/LocalSQLite",
            "SyncClient",
            "SyncProtocol",
            "SyncTrust",
            "SQLiteRows",
            "GRDB"
        ),
        Layer(
            "Client/ClientHTTP",
            "SyncClient",
            "SyncProtocol",
            "SyncTrust",
            "NIOCore",
            "NIOHTTP1",
            "NIOPosix",
            "NIOSSL"
        ),
        Layer("Sources/ResidenceDomain", "SyncProtocol"),
        Layer("Sources/Terminal", "ResidenceDomain", "SyncProtocol", "ArgumentParser"),
        Layer(
            "Sources/residence/",
            "SyncClient",
            "LocalSQLite",
            "ClientHTTP",
            "ResidenceDomain",
            "SyncProtocol",
            "SyncTrust",
            "Terminal",
            "ArgumentParser"
        ),
        Layer(
            "Sources/residence-syncd/",
            "SyncServer",
            "StoreSQLite",
            "StorePostgres",
            "ServerHTTP",
            "ResidenceDomain",
            "SyncProtocol",
            "SyncTrust",
            "Terminal",
            "ArgumentParser",
            "Hummingbird",
            "Logging",
            "CoreMetrics",
            "ServiceLifecycle"
        ),
        Layer("Sources/measure-merge/", "SyncProtocol"),
        Layer("Sources/make-dictionary/", "ResidenceDomain", "SyncProtocol"),
        Layer("Sources/Chance/"),
        Layer(
            "Sources/Simulator/",
            "SyncClient",
            "LocalSQLite",
            "SyncServer",
            "StoreSQLite",
            "StorePostgres",
            "SyncProtocol",
            "SyncTrust",
            "ResidenceDomain",
            "Chance",
            "CFaultDisk"
        ),
        Layer("Sources/residence-sim/", "Simulator", "SyncProtocol", "Terminal", "ArgumentParser"),
    ]
}

@Suite struct LayerTests {
    @Test(arguments: Layer.all)
    func `a layer imports only what stands below it`(layer: Layer) {
        let files = SourceFile.all.filter { $0.path.hasPrefix(layer.folder) }

        #expect(!files.isEmpty)
        #expect(Set(files.flatMap(\.imports)).subtracting(layer.mayImport).isEmpty)
    }

    @Test func `every source file belongs to a layer`() {
        let strays = SourceFile.all.filter { file in
            !file.path.hasPrefix("Tests/")
                && !Layer.all.contains { file.path.hasPrefix($0.folder) }
        }

        #expect(strays.map(\.path).isEmpty)
    }
}
