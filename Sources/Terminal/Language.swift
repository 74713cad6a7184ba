public import ArgumentParser
internal import Foundation

/// The language in which a program speaks: Chinese, unless somebody asks for English.
public enum Language: String, CaseIterable, Sendable {
    case zh, en

    /// The language of this run: `--lang` on the command line, else `LANG`, else Chinese.
    ///
    /// `LANG=C` and the like name no language, so they leave it at Chinese.
    public static let current: Language = {
        let arguments = CommandLine.arguments
        if let index = arguments.firstIndex(of: "--lang"), index + 1 < arguments.count {
            return Language(rawValue: arguments[index + 1]) ?? .zh
        }
        if let joined = arguments.first(where: { $0.hasPrefix("--lang=") }) {
            return Language(rawValue: String(joined.dropFirst("--lang=".count))) ?? .zh
        }
        let environment = ProcessInfo.processInfo.environment
        let name = environment["LC_ALL"] ?? environment["LANG"] ?? ""
        return name.hasPrefix("en") ? .en : .zh
    }()
}

// What `--lang` takes: another word is wrong usage, not Chinese.
extension Language: ExpressibleByArgument {}

/// The Chinese or the English words, as the run's language has it.
public func say(_ zh: String, _ en: String) -> String {
    Language.current == .zh ? zh : en
}

extension String {
    /// The half of a message that holds both languages, `中文 English`, in the run's language.
    public var inCurrentLanguage: String {
        guard let split = bilingualSplit else { return self }
        let half = Language.current == .zh ? self[..<split] : self[split...]
        return half.trimmingCharacters(in: .whitespaces)
    }

    /// Where the English half begins: behind the last blank that follows a Chinese character.
    private var bilingualSplit: String.Index? {
        guard let lastChinese = lastIndex(where: { $0.isWide }) else { return nil }
        guard let blank = self[lastChinese...].firstIndex(of: " ") else { return nil }
        return blank
    }
}

extension Character {
    /// Whether the character takes two columns of a terminal.
    var isWide: Bool {
        guard let value = unicodeScalars.first?.value else { return false }
        return switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}
