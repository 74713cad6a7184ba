public import ArgumentParser
internal import Foundation
internal import Synchronization
public import SyncProtocol

/// What a program says: results on the standard output, everything else on the standard error.
public enum Console {
    /// Writes a line of the result.
    public static func out(_ line: String) { write(line + "\n", to: .standardOutput) }

    /// Writes a line of explanation.
    public static func note(_ line: String) { write(line + "\n", to: .standardError) }

    /// Writes a line that is JSON already.
    public static func out(json bytes: [UInt8]) { out(String(decoding: bytes, as: UTF8.self)) }

    /// Writes a value as JSON, its keys sorted.
    public static func out(json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        out(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Writes an error: what happened and what to do; as JSON where the caller reads JSON.
    ///
    /// Returns the code with which the program ends: that of wrong usage, where what was typed is at fault.
    public static func report(
        _ error: SyncError,
        asJSON: Bool,
        isUsage: Bool = false
    ) -> ExitCode {
        if asJSON {
            let document = ErrorDocument(error: .init(error))
            try? out(json: document)
        } else {
            note(
                "\(say("错误", "error"))：\(error.message.inCurrentLanguage)  [\(error.code.rawValue)]"
            )
            note("  → \(error.hint.inCurrentLanguage)")
        }
        if isUsage { return .validationFailure }
        return error.code == "server_unreachable" ? ExitCode(3) : ExitCode(1)
    }

    /// Whether a person watches the standard error.
    public static let isWatched = isatty(FileHandle.standardError.fileDescriptor) == 1

    static func write(_ text: String, to handle: FileHandle) {
        try? handle.write(contentsOf: Data(text.utf8))
    }
}

/// An error as scripts read it.
private struct ErrorDocument: Encodable {
    struct Body: Encodable {
        var code: String
        var message: String
        var hint: String
        var subject: String?

        init(_ error: SyncError) {
            code = error.code.rawValue
            message = error.message
            hint = error.hint
            subject = error.subject
        }
    }

    var error: Body
}

/// How far something has come: a bar for a person who watches, a plain line now and then otherwise.
public final class ProgressBar: Sendable {
    private let title: String
    private let state = Mutex((shown: -1, isOpen: false))
    private let isQuiet: Bool

    /// A bar with a title; a quiet one shows nothing.
    public init(_ title: String, isQuiet: Bool = false) {
        self.title = title
        self.isQuiet = isQuiet
    }

    /// Shows a fraction from 0 to 1, with a word beside it.
    public func show(_ fraction: Double, _ detail: String = "") {
        guard !isQuiet else { return }
        let percent = Int((min(max(fraction, 0), 1)) * 100)
        state.withLock { state in
            // A watched bar moves with every hundredth, a log gets a line every quarter.
            guard percent != state.shown, Console.isWatched || percent / 25 != state.shown / 25
            else { return }
            state = (percent, true)
            Console.write(line(percent, detail), to: .standardError)
        }
    }

    /// Ends the bar's line.
    public func finish() {
        state.withLock { state in
            if state.isOpen, Console.isWatched { Console.write("\n", to: .standardError) }
            state.isOpen = false
        }
    }

    private func line(_ percent: Int, _ detail: String) -> String {
        guard Console.isWatched else { return "\(title) \(percent)% \(detail)\n" }
        let filled = percent * 30 / 100
        let bar =
            String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
        return "\r\(title) \(bar) \(percent)% \(detail)\u{1B}[K"
    }
}
