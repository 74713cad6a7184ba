internal import SyncProtocol
internal import SyncTrust

extension ServerIdentity {
    /// The identity that a store holds, for whoever only looks: none is made where there is none.
    ///
    /// Throws `settings_missing`, and `settings_damaged` where the store holds one that cannot be read.
    public static func found(in store: any Store) async throws -> ServerIdentity {
        try await store.read { reader in
            guard let seed = try reader.setting(.serverKey),
                let natural = try reader.setting(.identityKey), try reader.setting(.epoch) != nil
            else { throw SyncError.settingsMissing }
            guard let key = SigningKey(seed: seed), let naturalKey = NaturalKey(bytes: natural),
                try reader.epoch() > .none
            else { throw SyncError.settingsDamaged }
            return ServerIdentity(key: key, naturalKey: naturalKey)
        }
    }
}

extension SyncError {
    fileprivate static let settingsMissing = SyncError(
        "settings_missing",
        "数据库缺少服务器密钥或纪元 The database does not hold the server's keys and epoch",
        hint: "请由备份恢复；勿启动服务，否则会另生成新密钥。"
            + " Restore a backup. Do not start the daemon: it would make new keys in their place."
    )
}
