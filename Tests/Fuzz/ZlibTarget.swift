internal import SyncProtocol

/// Inflation [W-04]: never beyond its limit, and nothing that was cut or added to.
///
/// Three bytes choose the coding, the limit and the direction; the rest is the body.
struct ZlibTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        guard bytes.count >= 3 else { return }
        let codings = ContentCoding.allCases
        let coding = codings[Int(bytes[0] & 0x7F) % codings.count]
        let body = Array(bytes[3...])
        if bytes[0] & 0x80 == 0 {
            unpack(body, as: coding, limit: Int(bytes[1]) << (bytes[2] % 9))
        } else {
            pack(body, as: coding, at: Int(bytes[1]) << 8 | Int(bytes[2]))
        }
    }

    private func unpack(_ body: [UInt8], as coding: ContentCoding, limit: Int) {
        guard
            let plain = try? Zlib.unpack(body, as: coding, with: PresetDictionary.all, limit: limit)
        else { return }
        expect(plain.count <= limit, "inflating stops at the limit")
        expect(
            (try? Zlib.unpack(body, as: coding, with: PresetDictionary.all, limit: plain.count))
                == plain,
            "a body inflates to the same under the limit that it just fits"
        )
        expect(
            plain.isEmpty || refusal(of: body, coding, limit: plain.count - 1) == "body_too_large",
            "one byte less is too little"
        )
        expect(
            (try? Zlib.unpack(
                Zlib.pack(plain, as: coding),
                as: coding,
                with: PresetDictionary.all,
                limit: limit
            )) == plain,
            "what was inflated packs and inflates to the same"
        )
    }

    private func pack(_ plain: [UInt8], as coding: ContentCoding, at place: Int) {
        var packed = Zlib.pack(plain, as: coding)
        expect(
            (try? Zlib.unpack(packed, as: coding, with: PresetDictionary.all, limit: plain.count))
                == plain,
            "what was packed inflates to the same"
        )
        guard coding != .identity else { return }
        let place = place % packed.count
        expect(
            refusal(of: Array(packed[..<place]), coding, limit: plain.count) == "body_truncated",
            "a body that was cut is refused"
        )
        expect(
            refusal(of: packed + [UInt8(truncatingIfNeeded: place)], coding, limit: plain.count)
                == "body_not_inflatable",
            "a body with something after it is refused"
        )
        packed[place] ^= 1 << (place % 8)
        unpack(packed, as: coding, limit: plain.count)
    }

    private func refusal(of body: [UInt8], _ coding: ContentCoding, limit: Int) -> String? {
        do throws(SyncError) {
            _ = try Zlib.unpack(body, as: coding, with: PresetDictionary.all, limit: limit)
            return nil
        } catch {
            return error.code.rawValue
        }
    }
}
