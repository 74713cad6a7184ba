internal import SwiftProtobuf

extension DuplicatePair {
    /// Pairs of records that may be the same, as people and scripts read them.
    ///
    /// A `DuplicateList` of `views.proto`, in JSON; pairs of which a record is missing are left out.
    public static func json(
        list pairs: [DuplicatePair],
        views: [RecordID: RecordView]
    ) -> [UInt8] {
        jsonBytes(
            ViewDuplicateList.with {
                $0.pairs = pairs.compactMap { pair in
                    guard let first = views[pair.first], let second = views[pair.second] else {
                        return nil
                    }
                    return ViewDuplicate.with {
                        $0.first = first.wire
                        $0.second = second.wire
                        $0.reasons = pair.reasons.map(\.rawValue).sorted()
                    }
                }
            }
        )
    }
}
