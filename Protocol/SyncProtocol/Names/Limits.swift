/// What either side accepts at most; both sides hold the same [W-06], tests tighten them.
public struct Limits: Hashable, Sendable {
    /// Changes in one batch.
    public var changesPerBatch = 500
    /// Bytes of one body on the wire, compressed or not.
    public var bodyBytes = 4 << 20
    /// Bytes of one body after inflation: a small body must not become a large one.
    public var inflatedBytes = 16 << 20
    /// Bytes of an outbox once it was opened and inflated.
    public var outboxBytes = 64 << 20
    /// Bytes of changes that a device puts into one sealed outbox: what is more goes into further ones.
    public var outboxPartBytes = 1 << 20
    /// Bytes of a batch's changes, before compression, that a device puts into one request.
    public var batchBytes = 512 << 10
    /// Bytes of one change's payload.
    public var changeBytes = 128 << 10
    /// Fields that one change touches.
    public var fieldsPerChange = 1_000
    /// Bytes of one record's fields.
    public var recordBytes = 64 << 10
    /// Bytes of the records in one answer, before compression.
    public var pageBytes = 512 << 10
    /// Bookmarks in one request.
    public var bookmarks = 50_000
    /// Bookmarks that travel in the clear; who holds more is given a token for them [F-11].
    public var bookmarksShown = 100
    /// Rows in one page of a listing.
    public var rowsPerPage = 1_000
    /// Changes that share one commit of the server.
    public var changesPerCommit = 250
    /// How long one commit goes on taking further batches in, in milliseconds.
    public var commitMilliseconds: Int64 = 100
    /// Batches that wait for a commit; more are refused.
    public var waitingBatches = 1_000
    /// Bytes of the batches that wait.
    public var waitingBytes = 64 << 20
    /// Batches of one device that wait.
    public var waitingOfDevice = 8
    /// Attempts of one sync before it gives up until the next one.
    public var attempts = 6

    /// The protocol's own limits.
    public init() {}
}
