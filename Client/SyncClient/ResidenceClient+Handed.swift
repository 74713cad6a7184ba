public import SyncProtocol

/// Work that was somebody else's and was handed over to this device.
extension ResidenceClient {
    // > [O-02] Whoever was given somebody's work sees what was returned to them, and may mend it.

    /// The captures of others that were returned and handed over to this device; needs the network.
    ///
    /// Throws `not_enrolled`, and what the server answers.
    public func handedReturns() async throws -> [HandedReturn] {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        try await mustHaveLease()
        let me = profile.device
        var found: [HandedReturn] = []
        var next = ""
        repeat {
            let path = "/v1/quarantine" + (next.isEmpty ? "" : "?after=\(next)")
            let json = try await asking { token in
                try await transport.read(path, from: profile.address, token: token)
            }
            let page = try HandedReturn.page(json: json)
            found += page.entries.filter { $0.device != me }
            next = page.next
        } while !next.isEmpty
        return found
    }

    /// Mends a returned capture of somebody else's at the server, at once; returns its record.
    ///
    /// `change` is given what was captured and returns it mended. Throws `quarantine_not_found`, `not_enrolled`, and
    /// the rule that it would still break.
    public func mendHanded(
        _ id: UInt64,
        _ change: (FieldMap, RecordType) throws -> FieldMap
    ) async throws -> RecordID? {
        guard let profile = try await profile() else { throw SyncError.notEnrolled }
        let handed = try await handedReturns().first { $0.id == id }
        guard let returned = handed?.change, let type = Schema.current.type(returned.type) else {
            throw SyncError(
                "quarantine_not_found",
                "没有移交给本设备的这条退回采集 No such returned capture was handed over to this device",
                hint: "residence returned --handed 列出移交的退回采集。 It lists those that were.",
                subject: "NUMBER"
            )
        }
        let wanted = try change(returned.fields, type).canonical(as: type)
        let cleared = returned.fields.numbers.filter { wanted[$0] == nil }
        let said = wanted.numbers.filter { wanted[$0] != returned.fields[$0] }
        let request = MendRequest(
            fields: wanted.keeping(said),
            of: type.number,
            clears: cleared.compactMap { type.field($0)?.name }.sorted()
        )
        let json = try await asking { token in
            try await transport.ask(
                request.json,
                of: "/v1/quarantine/\(id)/mend",
                at: profile.address,
                token: token
            )
        }
        return try ActResult.record(json: json)
    }

    /// Asks the server with a fresh token.
    func asking(_ ask: (String) async throws -> [UInt8]) async throws -> [UInt8] {
        do {
            return try await ask(try await token())
        } catch let failure as TransportFailure {
            // > [T-02] A token whose time is off is answered with the server's time, and signed again.
            guard failure.error.code == "token_time", let time = failure.serverTime else {
                throw failure.error
            }
            try await store.setClock(to: time, at: environment.now())
            return try await translating { try await ask(try await token()) }
        }
    }
}
