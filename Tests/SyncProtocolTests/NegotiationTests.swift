import SyncProtocol
import Testing

struct NegotiationTests {
    @Test(
        "[W-03] Content-Encoding names one of three codings, and none means identity",
        arguments: [
            (nil, .identity), ("", .identity), ("identity", .identity), ("deflate", .deflate),
            ("gzip", .gzip), ("GZip", .gzip), ("x-gzip", .gzip), ("br", nil),
            ("deflate, gzip", nil),
        ] as [(String?, ContentCoding?)]
    )
    func contentEncoding(header: String?, coding: ContentCoding?) {
        #expect(ContentCoding(header: header) == coding)
    }

    @Test(
        "[W-03] Accept-Encoding gets the best coding that it allows",
        arguments: [
            (nil, .identity), ("", .identity), ("br", .identity), ("gzip", .gzip),
            ("gzip, deflate", .deflate), ("Deflate;q=0.5, gzip;q=1.0", .deflate),
            ("deflate;q=0, gzip", .gzip), ("deflate; q=0, gzip;q=0.0", .identity),
        ] as [(String?, ContentCoding)]
    )
    func acceptEncoding(header: String?, coding: ContentCoding) {
        #expect(ContentCoding.preferred(by: header) == coding)
    }

    @Test(
        "[W-03] Content-Type and Accept name protobuf or JSON, and protobuf where they name neither",
        arguments: [
            (nil, .protobuf), ("", .protobuf), ("*/*", .protobuf),
            ("application/x-protobuf", .protobuf), ("application/protobuf", .protobuf),
            ("application/json", .json), ("application/json; charset=utf-8", .json),
            ("Application/JSON", .json), ("text/html, application/json;q=0.9", .json),
            ("application/json, application/x-protobuf", .protobuf), ("text/html", nil),
        ] as [(String?, BodyFormat?)]
    )
    func bodyFormat(header: String?, format: BodyFormat?) {
        #expect(BodyFormat(header: header) == format)
    }

    @Test(
        "[W-03] a format is named as its own header reads it",
        arguments: [BodyFormat.protobuf, .json]
    )
    func mediaType(format: BodyFormat) {
        #expect(BodyFormat(header: format.mediaType) == format)
    }
}
