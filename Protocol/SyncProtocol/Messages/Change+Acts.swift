extension Change {
    /// The parts of a change that say something about the record as a whole, as they travel.
    var encodedActs: [UInt8] {
        var bytes: [UInt8] = []
        if let resolution {
            var inner: [UInt8] = []
            inner.append(varint: resolution.conflict, as: 1)
            inner.append(varint: UInt64(resolution.choice.rawValue), as: 2)
            inner.append(text: resolution.reason, as: 3)
            bytes.append(field: 15, bytes: inner)
        }
        if !mends.isEmpty {
            var packed: [UInt8] = []
            for number in mends { packed.append(varint: number.rawValue) }
            bytes.append(field: 16, bytes: packed)
        }
        if let redirect { bytes.append(field: 17, bytes: redirect.bytes) }
        bytes.append(varint: split ? 1 : 0, as: 18)
        if let principal {
            var inner: [UInt8] = []
            if let device = principal.device { inner.append(field: 1, bytes: device.bytes) }
            inner.append(text: principal.name, as: 2)
            bytes.append(field: 19, bytes: inner)
        }
        if let erasure {
            var inner: [UInt8] = []
            inner.append(text: erasure, as: 1)
            bytes.append(field: 20, bytes: inner)
        }
        bytes.append(varint: isRecovered ? 1 : 0, as: 21)
        return bytes
    }

    mutating func readActs(from map: FieldMap) throws(WireError) {
        if let inner = map.value(of: 15) {
            let resolution = try FieldMap(Array(inner))
            guard let choice = Resolution.Choice(rawValue: Int(clamping: resolution.number(of: 2)))
            else { throw .field(15) }
            self.resolution = Resolution(
                conflict: resolution.number(of: 1),
                choice: choice,
                reason: resolution.text(of: 3) ?? ""
            )
        }
        let mended: [UInt64] = try map.unpackedNumbers(16)
        mends = mended.map(SequenceNumber.init(rawValue:))
        if let target = map.value(of: 17), !target.isEmpty {
            guard let id = RecordID(bytes: target) else { throw .field(17) }
            redirect = id
        }
        split = map.number(of: 18) != 0
        if let inner = map.value(of: 19) {
            let principal = try FieldMap(Array(inner))
            self.principal = Principal(
                device: principal.value(of: 1).flatMap { DeviceID(bytes: $0) },
                name: principal.text(of: 2) ?? ""
            )
        }
        if let inner = map.value(of: 20) {
            erasure = try FieldMap(Array(inner)).text(of: 1) ?? ""
        }
        isRecovered = map.number(of: 21) != 0
    }
}

extension Array where Element == UInt8 {
    /// Appends a text field, unless it is empty.
    fileprivate mutating func append(text: String, as number: UInt32) {
        guard !text.isEmpty else { return }
        append(field: number, bytes: Array(text.utf8))
    }
}
