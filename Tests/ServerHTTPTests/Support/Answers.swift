/// Answers as a script reads them: as much of each as the stories look at.
enum Answers {
    struct Body: Decodable {
        struct Person: Decodable { var name: String? }
        struct Dwelling: Decodable {
            var kind: String?
            var remark: String?
        }

        var person: Person?
        var dwelling: Dwelling?
    }

    struct Record: Decodable {
        var id: String
        var revision: UInt64
        var body: Body?
    }

    struct Act: Decodable {
        var record: String
        var revision: UInt64
        var outcome: String
    }

    struct Conflict: Decodable {
        struct Side: Decodable {
            var author: String
            var values: Body?
        }

        struct Closing: Decodable {
            var author: String
            var choice: String?
            var reason: String?
        }

        var id: UInt64
        var record: String
        var type: String
        /// Missing where it is the first value of its enumeration.
        var kind: String?
        /// Missing where it is the first value of its enumeration: open.
        var state: String?
        var standing: Side
        var proposed: Side
        var currentRevision: UInt64
        var closing: Closing?
    }

    struct Conflicts: Decodable {
        var conflicts: [Conflict]?
        var next: String?
    }

    /// What a refused resolution is answered with, beside the problem itself.
    struct BothInView: Decodable {
        var conflict: Conflict
        var record: Record?
    }

    struct Returned: Decodable {
        var id: UInt64
        var state: String
        var author: String
        var code: String
        var field: String?
        var settledBy: String?
        var reason: String?
    }

    struct Quarantine: Decodable {
        var entries: [Returned]?
        var next: String?
    }

    struct History: Decodable {
        struct Step: Decodable {
            struct FieldChange: Decodable {
                var field: String
                var before: Body?
                var after: Body?
            }

            var revision: UInt64
            var act: String
            var author: String
            var fields: [FieldChange]?
        }

        var entries: [Step]
        var recordThen: Record?
    }

    struct Audit: Decodable {
        struct Break: Decodable { var code: String }

        var devices: Int
        var changes: Int
        var redacted: Int
        var breaks: [Break]
    }

    struct Duplicates: Decodable {
        struct Pair: Decodable { var reasons: [String] }

        var pairs: [Pair]?
    }
}
