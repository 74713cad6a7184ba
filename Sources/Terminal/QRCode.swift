/// A text as a QR code (ISO/IEC 18004): versions 1 to 20, byte mode.
///
/// What a phone's camera reads from a terminal: an enrolment link that nobody has to type. The
/// symbol is the smallest that holds the text.
public struct QRCode: Sendable {
    /// How much of the symbol may be unreadable.
    public enum Correction: Sendable, CaseIterable {
        /// About 7 %: a screen has neither dirt nor tears, so the smaller symbol is the better one.
        case low
        /// About 15 %: for paper.
        case medium
    }

    /// How many modules the symbol is wide and high, without a quiet zone.
    public let size: Int
    /// The version, 1 to 20: a symbol has 17 modules and 4 more for each.
    package let version: Int
    /// The mask, 0 to 7.
    package let mask: Int

    private let canvas: QRCanvas

    /// The symbol of a text in UTF-8; `nil` where it does not fit.
    ///
    /// 858 bytes fit with low correction, 666 with medium.
    public init?(_ text: String, correction: Correction = .low) {
        self.init(text, correction: correction, mask: nil)
    }

    /// The same under a given mask, for comparing with symbols that others made.
    package init?(_ text: String, correction: Correction, mask forced: Int?) {
        let bytes = Array(text.utf8)
        guard let layout = QRLayout.smallest(for: bytes.count, correction) else { return nil }
        var plain = QRCanvas(version: layout.version)
        plain.place(layout.codewords(of: bytes))
        let masked = (forced.map { [$0] } ?? Array(0..<8)).map { mask in
            (mask: mask, canvas: plain.masked(by: mask, correction))
        }
        guard let best = masked.min(by: { $0.canvas.penalty < $1.canvas.penalty }) else {
            return nil
        }
        version = layout.version
        size = plain.size
        mask = best.mask
        canvas = best.canvas
    }

    /// Whether a module is dark; those beyond the symbol's edges are light.
    public subscript(x x: Int, y y: Int) -> Bool {
        (0..<size).contains(x) && (0..<size).contains(y) && canvas[x, y]
    }
}

extension QRCode {
    // > ISO/IEC 18004, 5.3.8: The quiet zone is a region 4X wide which shall be free of all other
    // > markings.

    /// The standard's four modules: two lines of text, and the terminal around them may be dark.
    private static let quietZone = 4

    /// The symbol drawn with half blocks, two modules in each character, one above the other.
    ///
    /// With colours it is black on white on any terminal. Without, it takes the terminal to write
    /// light on dark, and draws the light modules.
    public func lines(colours: Bool) -> [String] {
        // These two are the same in every theme, while a theme may turn black and white about.
        let (begin, end) = colours ? ("\u{1B}[38;5;16;48;5;231m", "\u{1B}[0m") : ("", "")
        let zone = Self.quietZone
        return stride(from: -zone, to: size + zone, by: 2).map { y in
            let cells = (-zone..<size + zone).map { x in
                let (upper, lower) = (self[x: x, y: y] == colours, self[x: x, y: y + 1] == colours)
                return upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ")
            }
            return begin + cells.joined() + end
        }
    }
}
