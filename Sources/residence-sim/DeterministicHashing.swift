internal import Foundation

/// Sets and dictionaries in the same order in every process: the order reaches the database's pages, and
/// with them the operation at which a power cut strikes [I14].
enum DeterministicHashing {
    private static let variable = "SWIFT_DETERMINISTIC_HASHING"

    /// Begins the program again under the runtime's own switch, unless it is on.
    ///
    /// Where the system refuses, the program goes on as it is.
    static func begin() {
        guard ProcessInfo.processInfo.environment[variable] == nil else { return }
        setenv(variable, "1", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
    }
}
