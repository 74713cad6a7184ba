/// A bug that can be switched on in a world, to see that the oracle says no.
///
/// None of them is in the product: each is planted between the product's parts, in the stores and on the
/// wire.
public enum PlantedBug: String, CaseIterable, Codable, Sendable {
    // MARK: - In the server's store
    /// The high-water mark of a device is forgotten now and then.
    case forgetsHighWater = "forgets-high-water"
    /// A feed's head is told before what stands there is committed.
    case positionBeforeCommit = "position-before-commit"
    /// A record that leaves an area leaves no departure.
    case dropsDepartures = "drops-departures"
    /// The first entry behind a bookmark is skipped.
    case skipsPageBoundary = "skips-page-boundary"
    /// Tombstones travel as live records.
    case resurrectsTombstones = "resurrects-tombstones"
    /// Conflicts are not kept.
    case losesConflicts = "loses-conflicts"
    /// Now and then a change is not written into the history.
    case losesHistory = "loses-history"
    /// Now and then a batch is answered, and its transaction does not commit.
    case answersBeforeCommit = "answers-before-commit"
    /// A device is served the whole city.
    case widensGrants = "widens-grants"
    /// Digests are not kept with the placements.
    case losesDigests = "loses-digests"
    /// Fields that an older server does not know are not kept.
    case dropsUnknownFields = "drops-unknown-fields"
    /// What was erased by law stays in the history.
    case keepsErasedHistory = "keeps-erased-history"
    /// A record that moves goes on saying that it stands where it stood.
    case leavesPlacements = "leaves-placements"
    /// Copies of a handheld that go on under keys of their own are not known as copies.
    case forgetsKin = "forgets-kin"

    /// Records travel without their open conflicts.
    case tellsNoConflicts = "tells-no-conflicts"
    /// What a change took away is not kept with it.
    case keepsNoUndo = "keeps-no-undo"
    /// Now and then a change is kept, and not as one of its record.
    case misfilesChanges = "misfiles-changes"

    /// Of a change that it has already, the server tells another outcome.
    case forgetsOutcomes = "forgets-outcomes"
    /// What was observed earlier than what stands is kept as no conflict.
    case ignoresOldNews = "ignores-old-news"
    /// A conflict tells that the other side won.
    case tellsOtherWinners = "tells-other-winners"
    /// Nobody remembers what has left a feed: whoever was away for half a year goes on where they were.
    case forgetsPruning = "forgets-pruning"
    /// Tombstones and departures leave a feed before everybody has read them.
    case prunesTooEarly = "prunes-too-early"
    /// What a person has to decide is told as decided by rule.
    case closesReviews = "closes-reviews"
    /// Nobody knows to whom somebody's work was handed over.
    case forgetsHandovers = "forgets-handovers"
    /// A suspended device is served as any other.
    case ignoresSuspension = "ignores-suspension"

    // MARK: - On the device
    /// The bookmark is kept one position too far.
    case bookmarkAhead = "bookmark-ahead"
    /// Now and then a capture is not written into the outbox.
    case dropsCaptures = "drops-captures"
    /// What arrives hides the device's own unsent writes.
    case hidesOwnWrites = "hides-own-writes"
    /// Of a page only half is kept.
    case keepsHalfAPage = "keeps-half-a-page"
    /// The base of an unsent change moves with what is pulled beneath it.
    case movesBaseOnPull = "moves-base-on-pull"
    /// Answered changes are forgotten before a backup has them.
    case trimsTooEarly = "trims-too-early"
    /// After a restore nothing is offered again.
    case offersNothingAgain = "offers-nothing-again"
    /// Copies of a lost epoch are not kept aside.
    case forgetsCopies = "forgets-copies"
    /// A conflict that was closed stays in the list.
    case keepsClosedConflicts = "keeps-closed-conflicts"
    /// What arrives is kept, and what was seen before goes on being shown.
    case showsFormerValues = "shows-former-values"
    /// A revoked device seals nothing before it erases itself.
    case erasesUnsent = "erases-unsent"

    /// What was returned is not shown.
    case losesReturns = "loses-returns"
    /// What was erased by law stays in the outbox.
    case keepsErasedAnswers = "keeps-erased-answers"

    // MARK: - On the wire
    /// An answer from before the device's own clock is taken for an old one.
    case trustsTheClock = "trusts-the-clock"

    var isOfServer: Bool {
        switch self {
        case .forgetsHighWater, .positionBeforeCommit, .dropsDepartures, .skipsPageBoundary,
            .resurrectsTombstones, .losesConflicts, .losesHistory, .answersBeforeCommit,
            .widensGrants, .losesDigests, .dropsUnknownFields, .keepsErasedHistory,
            .leavesPlacements, .forgetsKin, .tellsNoConflicts, .keepsNoUndo,
            .misfilesChanges, .forgetsOutcomes, .ignoresOldNews, .tellsOtherWinners,
            .forgetsPruning, .ignoresSuspension, .prunesTooEarly, .closesReviews,
            .forgetsHandovers:
            true
        default: false
        }
    }
}
