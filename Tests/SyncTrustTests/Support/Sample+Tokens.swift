import SyncProtocol
import SyncTrust

/// Tokens that a device could make with another program: signed with `Sample.device`, meant for
/// the server named `server`, made at `Sample.now`.
extension Sample {
    private static let header = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9."
    private static let who =
        "eyJzdWIiOiIyMWZlMzFkZmExNTRhMjYxNjI2YmY4NTQwNDZmZDIyNyIsImF1ZCI6InNlcnZlciIsImlhdCI6"

    /// `iat` and `exp` 600 seconds apart.
    static let tenMinutes =
        header + who + "MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI2MjAwfQ"
        + ".TUkziDgvCMzLZzQa95FFreW_gNA5X0aJUpiC68jMnW5Onzsc5zxOw75rb83BhfpRlSXQPKi1dDZjQa3pmMMZAw"

    /// `iat` and `exp` 601 seconds apart.
    static let overTenMinutes =
        header + who + "MTc2NzIyNTYwMCwiZXhwIjoxNzY3MjI2MjAxfQ"
        + ".63da1pJBOAxALIA-9HGEZpDpvA_U92jpjJ6E9UQWpBIPhhyTanQpwcKhRQh3N94QRyRjLmp-tPHNBixi-ejnBg"

    /// `iat` the least number of 64 bits, `exp` five more.
    static let beginningOfTime =
        header + who + "LTkyMjMzNzIwMzY4NTQ3NzU4MDgsImV4cCI6LTkyMjMzNzIwMzY4NTQ3NzU4MDN9"
        + ".9cqJVh-tgbrY--kauX8q-fi7AWUqGSpX9lAicnNx0hCR_t4aNEXcs3xcQeRRdnQQZD3uxSjN0Kssex926m9rAA"

    /// `iat` the least number of 64 bits, `exp` the greatest.
    static let allOfTime =
        header + who + "LTkyMjMzNzIwMzY4NTQ3NzU4MDgsImV4cCI6OTIyMzM3MjAzNjg1NDc3NTgwN30"
        + ".9QSNErZS2EITk82g4X-F1G5ATuiTfo3HbOHlGIhW5zNFKW8J0FXFHb4UhTXNFNgISeA_QhLzxcbBw1jcwjCWDw"

    /// The code of the error with which a token is refused; `nil` where it holds.
    static func refusal(
        of token: String,
        by key: PublicKey = Sample.device.publicKey,
        for server: String = "server",
        at now: Int64 = Sample.now
    ) async -> String? {
        do {
            try await DeviceToken.check(token, by: key, for: server, at: now)
            return nil
        } catch let error as SyncError {
            return error.code.rawValue
        } catch {
            return "\(error)"
        }
    }
}
