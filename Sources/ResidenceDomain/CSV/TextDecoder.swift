internal import Glibc

/// Turns the bytes of a file, chunk by chunk, into UTF-8.
///
/// A character that straddles two chunks is kept for the second. What is not a character in the
/// file's encoding becomes the byte 0xFF, which is never UTF-8: whoever reads the cell that it
/// falls in can tell, and the cells beside it are whole.
struct TextDecoder: ~Copyable {
    private static let broken: UInt8 = 0xFF

    /// The C library's converter, or nil for text that is UTF-8 already.
    private let converter: iconv_t?
    /// How many bytes the encoding's shortest character has.
    private let unit: Int
    private var pending: [UInt8] = []

    init(_ encoding: TextEncoding) throws(LedgerError) {
        guard let name = encoding.converterName else {
            converter = nil
            unit = 1
            return
        }
        let converter = iconv_open("UTF-8", name)
        guard Int(bitPattern: converter) != -1 else {
            throw LedgerError(
                .encodingUnsupported,
                "本机不能读取 \(name) 编码，请把文件另存为“CSV UTF-8（逗号分隔）”后再导入。",
                english: "This system cannot decode \(name); save the file as CSV UTF-8."
            )
        }
        self.converter = converter
        unit = encoding == .gb18030 ? 1 : 2
    }

    deinit {
        if let converter { iconv_close(converter) }
    }

    /// Appends the text of the next bytes; an empty chunk is the end of the file.
    mutating func decode(_ chunk: UnsafeRawBufferPointer, into text: inout [UInt8]) {
        guard let converter else {
            text.append(contentsOf: chunk)
            return
        }
        pending.append(contentsOf: chunk)
        var taken = 0
        reading: while taken < pending.count {
            let step = Self.convert(&pending, from: taken, into: &text, by: converter)
            taken += step.taken
            switch step.end {
            case .more: continue
            case .broken:
                text.append(Self.broken)
                taken += min(unit, pending.count - taken)
            case .incomplete where chunk.isEmpty:
                text.append(Self.broken)
                taken = pending.count
            case .incomplete: break reading
            }
        }
        pending.removeFirst(taken)
    }

    /// Why a conversion stopped.
    private enum End {
        case more
        case broken
        case incomplete
    }

    private static func convert(
        _ bytes: inout [UInt8],
        from start: Int,
        into text: inout [UInt8],
        by converter: iconv_t
    ) -> (taken: Int, end: End) {
        bytes.withUnsafeMutableBytes { bytes in
            withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { output in
                let input = UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                var next = input.baseAddress?.assumingMemoryBound(to: CChar.self)
                var left = input.count
                var room = output.baseAddress?.assumingMemoryBound(to: CChar.self)
                var space = output.count
                errno = 0
                let end: End
                if iconv(converter, &next, &left, &room, &space) == -1 {
                    // The third error, E2BIG, only says that the output is full.
                    end = errno == EILSEQ ? .broken : errno == EINVAL ? .incomplete : .more
                } else {
                    end = .more
                }
                text.append(contentsOf: output[..<(output.count - space)])
                return (input.count - left, end)
            }
        }
    }
}

extension TextEncoding {
    /// What the C library calls the encoding, where it must be converted.
    fileprivate var converterName: String? {
        switch self {
        case .utf8: nil
        case .gb18030: "GB18030"
        case .utf16LittleEndian: "UTF-16LE"
        case .utf16BigEndian: "UTF-16BE"
        }
    }
}
