/// Why a ledger as a whole cannot be read, or cannot be read on.
///
/// What is wrong with a single row is a ``LedgerDefect``, not an error. No text of an error
/// holds anything that the file's cells hold, except the names of columns.
public struct LedgerError: Error, Hashable, Sendable {
    /// A stable name for a kind of error.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The name, in lower case with underscores.
        public let rawValue: String

        /// Creates a code by its name.
        public init(rawValue: String) {
            self.rawValue = rawValue
        }
    }

    /// What kind of error it is.
    public let code: Code
    /// What is wrong and what to do about it, in Chinese.
    public let message: String
    /// The same in English.
    public let english: String
    /// The row at which reading stopped, as a spreadsheet counts it, if it was at a row.
    public let row: Int?

    init(_ code: Code, _ message: String, english: String, row: Int? = nil) {
        self.code = code
        self.message = message
        self.english = english
        self.row = row
    }
}

extension LedgerError.Code {
    /// The file is missing, is a folder, or may not be read.
    public static let fileUnreadable = Self(rawValue: "file_unreadable")
    /// The file holds no row at all.
    public static let fileEmpty = Self(rawValue: "file_empty")
    /// The file is not text: a workbook, a picture, or the like.
    public static let notCSV = Self(rawValue: "not_csv")
    /// The system cannot decode the file's encoding.
    public static let encodingUnsupported = Self(rawValue: "encoding_unsupported")
    /// A quotation mark is opened and never closed.
    public static let quoteUnclosed = Self(rawValue: "quote_unclosed")
    /// Text follows a closing quotation mark.
    public static let quoteMisplaced = Self(rawValue: "quote_misplaced")
    /// A row is longer than any row of a ledger can be.
    public static let rowTooLong = Self(rawValue: "row_too_long")
    /// A column that every row needs is not in the header.
    public static let columnMissing = Self(rawValue: "column_missing")
    /// The header has a column twice.
    public static let columnRepeated = Self(rawValue: "column_repeated")
    /// The file of refused rows cannot be written.
    public static let fileUnwritable = Self(rawValue: "file_unwritable")
}

extension LedgerError: CustomStringConvertible {
    /// The code and the message.
    public var description: String { "\(code.rawValue): \(message) (\(english))" }
}
