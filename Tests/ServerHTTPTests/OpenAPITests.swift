import Foundation
import Hummingbird
import ServerHTTP
import StoreSQLite
import SyncProtocol
import SyncServer
import Testing

/// Holds `Protocol/openapi.yaml` against the routes: neither may have what the other has not.
///
/// The document is read by its indentation: paths stand at two blanks, methods at four.
struct OpenAPITests {
    @Test func `the document names every route of the server, and no other`() async throws {
        let documented = try Self.documented()

        let served = try await Self.served()

        #expect(documented.count > 15)
        #expect(documented.subtracting(served).sorted().isEmpty)
        #expect(served.subtracting(documented).sorted().isEmpty)
    }

    @Test func `every operation of the document has an id, a summary and its errors`() throws {
        let text = try Self.text()
        let operations = text.matches(of: /\n    (get|post):\n((?:      .*\n|\n)+)/)

        #expect(operations.count == (try Self.documented().count))
        for operation in operations {
            let body = operation.2
            #expect(body.contains("operationId: "))
            #expect(body.contains("summary: "))
            #expect(body.contains("\"200\":"))
        }
        #expect(text.contains("openapi: 3.1"))
    }

    @Test func `every code of an error that the document names is one that the server gives`()
        throws
    {
        let sources = try Self.sources()
        let named = try Self.text().matches(of: /`([a-z]+(?:_[a-z]+)+)`/).map { String($0.1) }
        let codes = Set(named).subtracting(["request_id", "server_time"])

        let unknown = codes.filter { code in !sources.contains("\"\(code)\"") }

        #expect(unknown.sorted().isEmpty)
    }

    @Test
    func `the document gives each message that may come in JSON all its fields, and no other`()
        throws
    {
        let schemas = try Self.schemas()

        let messages = try Self.messages()

        // What is sealed is never JSON.
        #expect(Set(messages.keys).subtracting(schemas.keys) == ["Outbox", "SealedOutbox"])
        for (name, fields) in messages {
            #expect(schemas[name] == nil || schemas[name] == fields, "\(name)")
        }
    }

    private static var root: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    }

    private static func text() throws -> String {
        try String(
            contentsOf: root.appendingPathComponent("Protocol/openapi.yaml"),
            encoding: .utf8
        )
    }

    /// The properties of every schema of the document that is an object, by its name.
    private static func schemas() throws -> [String: Set<String>] {
        var (schema, isProperty) = ("", false)
        var found: [String: Set<String>] = [:]
        for line in try text().split(separator: "\n").drop(while: { $0 != "  schemas:" }) {
            if let match = line.firstMatch(of: #/^[ ]{4}(\w+):/#) { schema = String(match.1) }
            if line.firstMatch(of: #/^[ ]{4,6}\w/#) != nil { isProperty = false }
            if line.hasPrefix("      properties:") {
                (found[schema], isProperty) = ([], true)
            }
            guard isProperty, let match = line.firstMatch(of: #/^[ ]{8}(\w+):/#) else { continue }
            found[schema]?.insert(String(match.1))
        }
        return found
    }

    /// The fields of every message of `sync.proto`, as JSON names them.
    private static func messages() throws -> [String: Set<String>] {
        let proto = try String(
            contentsOf: root.appendingPathComponent("Protocol/sync.proto"),
            encoding: .utf8
        )
        let field = #/^[ ]{2}(?:(?:repeated|optional)[ ])?[\w.<>,]+(?:[ ]\w+>)?[ ](\w+)[ ]=[ ]\d+/#
        var message = ""
        var found: [String: Set<String>] = [:]
        for line in proto.split(separator: "\n") {
            if let match = line.firstMatch(of: #/^message[ ](\w+)/#) { message = String(match.1) }
            if line == "}" { message = "" }
            guard !message.isEmpty, let match = line.firstMatch(of: field) else { continue }
            let words = match.1.split(separator: "_")
            let name = words[0] + words.dropFirst().map(\.capitalized).joined()
            found[message, default: []].insert(String(name))
        }
        return found
    }

    /// Everything that the server is made of, in one text.
    private static func sources() throws -> String {
        try ["Server", "Protocol"].map { folder in
            let base = root.appendingPathComponent(folder)
            let names = FileManager.default.enumerator(atPath: base.path)?.compactMap {
                $0 as? String
            }
            return try (names ?? []).filter { $0.hasSuffix(".swift") }.map {
                try String(contentsOf: base.appendingPathComponent($0), encoding: .utf8)
            }.joined()
        }.joined()
    }

    /// `GET /v1/records/{id}` and so on, as the document has them.
    static func documented() throws -> Set<String> {
        var path = ""
        var found: Set<String> = []
        for line in try text().split(separator: "\n") {
            if let match = line.wholeMatch(of: #/[ ]{2}(/[^:]*):/#) { path = String(match.1) }
            if let match = line.wholeMatch(of: #/[ ]{4}(get|post|put|delete|patch):/#) {
                found.insert("\(match.1.uppercased()) \(path)")
            }
        }
        return found
    }

    /// The same, as the router has them.
    private static func served() async throws -> Set<String> {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "openapi-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore(folder: folder)
        let service = SyncService(
            store: store,
            identity: try await ServerIdentity.kept(in: store, at: 1),
            rules: SchemaRules(),
            clock: { 1 }
        )
        let router = SyncApplication.router(for: service, metrics: PrometheusMetrics())
        return Set(
            router.routes.map { route in
                let parts = route.path.description.split(separator: "/").map { part in
                    let name = part.trimmingCharacters(in: CharacterSet(charactersIn: ":{}"))
                    let isParameter = part.hasPrefix(":") || part.hasPrefix("{")
                    return isParameter ? "{\(name)}" : String(part)
                }
                return "\(route.method.rawValue) /\(parts.joined(separator: "/"))"
            }
        )
    }
}
