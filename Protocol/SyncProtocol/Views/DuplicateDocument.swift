internal import SwiftProtobuf

extension DuplicatePair {
    /// Pairs of records that may be the same, each with both as people and scripts read them.
    ///
    /// A `DuplicateList` of `views.proto`, in JSON.
    public static func json(
        list pairs: [(pair: DuplicatePair, first: RecordView, second: RecordView)]
    ) -> [UInt8] {
        jsonBytes(
            ViewDuplicateList.with {
                $0.pairs = pairs.map { pair, first, second in
                    ViewDuplicate.with {
                        $0.first = first.wire
                        $0.second = second.wire
                        $0.reasons = pair.reasons.map(\.rawValue).sorted()
                    }
                }
            }
        )
    }
}
