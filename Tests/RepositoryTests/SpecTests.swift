import Testing

@Suite struct SpecTests {
    /// The rules of SPEC.md, by their numbers.
    private static func rules() throws -> Set<String> {
        let spec = try SourceFile.text(of: "Protocol/SPEC.md")
        return Set(spec.matches(of: /\*\*\[([A-Z]-\d\d)\]\*\*/).map { String($0.1) })
    }

    @Test func `every rule of SPEC has a test that carries its number`() throws {
        let tests = SourceFile.files(under: "Tests", ending: ".swift")
            .filter { !$0.path.hasPrefix("Tests/RepositoryTests") }
        let carried = Set(
            tests.flatMap { file in
                file.text.matches(of: /@Test\(\s*"((?:\[[A-Z]-\d\d\][ ,]*)+)/).flatMap { match in
                    match.1.matches(of: /[A-Z]-\d\d/).map { String($0.0) }
                }
            }
        )

        let rules = try Self.rules()
        #expect(rules.count > 40)
        #expect(rules.subtracting(carried).sorted().isEmpty)
    }

    @Test func `code quotes only rules that SPEC has`() throws {
        let quoted = SourceFile.all.filter { !$0.path.hasPrefix("Tests/RepositoryTests") }
            .flatMap { $0.text.matches(of: /\[([A-Z]-\d\d)\]/).map { String($0.1) } }

        #expect(Set(quoted).subtracting(try Self.rules()).sorted().isEmpty)
    }
}
