/// How a body is packed on the wire.
///
/// > [W-03] Bodies are `application/x-protobuf` or `application/json` (protobuf's mapping), under
/// > `deflate` (zlib), `gzip` or `identity`.
public enum ContentCoding: String, CaseIterable, Sendable {
    case deflate, gzip, identity

    /// The coding that a `Content-Encoding` header names; none at all means identity.
    public init?(header: String?) {
        guard let name = header?.lowercased(), !name.isEmpty else {
            self = .identity
            return
        }
        self.init(rawValue: name == "x-gzip" ? "gzip" : name)
    }

    /// The best coding that an `Accept-Encoding` header allows.
    public static func preferred(by accept: String?) -> ContentCoding {
        guard let accept else { return .identity }
        let refused = Set(accept.members.filter(\.isRefused).map(\.name))
        let allowed = Set(accept.members.map(\.name)).subtracting(refused)
        return allCases.first { allowed.contains($0.rawValue) } ?? .identity
    }
}

/// What a body is written in.
public enum BodyFormat: Sendable {
    case protobuf, json

    /// The format that a `Content-Type` or `Accept` header names; protobuf where it names neither.
    public init?(header: String?) {
        let names = header?.members.map(\.name) ?? []
        if names.contains(where: { $0.hasSuffix("protobuf") }) || names.isEmpty {
            self = .protobuf
        } else if names.contains(where: { $0.hasSuffix("json") }) {
            self = .json
        } else if names.contains("*/*") {
            self = .protobuf
        } else {
            return nil
        }
    }

    /// The media type.
    public var mediaType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }
}

extension String {
    /// The members of a header such as `Accept`: names in lower case, and whether `q=0` refuses them.
    fileprivate var members: [(name: String, isRefused: Bool)] {
        split(separator: ",").map { member in
            let parts = member.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return (
                parts.first ?? "",
                parts.dropFirst().contains { $0.hasPrefix("q=") && Double($0.dropFirst(2)) == 0 }
            )
        }
    }
}
