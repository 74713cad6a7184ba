internal import SyncClient
internal import SyncProtocol
internal import Terminal

/// Whether a device may go on as it is; and where not, what is to be done.
enum DeviceStanding: String {
    case notEnrolled = "not_enrolled"
    case active
    case revoked
    case suspended
    case forked
    case rekeyed
    case waiting
    case leaseExpired = "lease_expired"

    init(_ status: ClientStatus) {
        guard let profile = status.profile else {
            self = status.ended == nil ? .notEnrolled : .revoked
            return
        }
        switch profile.refusal?.code {
        case "device_suspended": self = .suspended
        case "device_forked": self = .forked
        case "device_rekeyed": self = .rekeyed
        case "device_awaits_confirmation": self = .waiting
        default: self = status.lease?.hasExpired == true ? .leaseExpired : .active
        }
    }

    /// How it stands, and what is to be done.
    func words(_ status: ClientStatus) -> String {
        switch self {
        case .notEnrolled:
            say("未登记：运行 residence enroll 链接", "not enrolled: run residence enroll LINK")
        case .active: say("正常", "active")
        case .revoked where status.kept == nil:
            say(
                "已撤销，数据已清除：继续使用须向运维人员索取新链接，再运行 residence enroll 链接",
                "revoked and erased: to use it again, ask the operator for a link and run residence enroll LINK"
            )
        case .revoked:
            status.kept?.mayDeliver == true
                ? say(
                    "已撤销：有网络时运行 residence sync，送达封存的采集",
                    "revoked: run residence sync to deliver what is kept under seal"
                )
                : say(
                    "已撤销：运行 residence outbox 文件 --forget，把文件交给运维人员",
                    "revoked: run residence outbox FILE --forget and bring the operator the file"
                )
        case .suspended:
            say(
                "已暂停同步：采集照常，请与运维人员联系",
                "suspended: go on capturing, and ask the operator"
            )
        case .forked:
            say(
                "已分叉（被克隆或由旧镜像恢复）：采集照常；请运维人员运行 device re-key，再运行 residence enroll 链接 --rekey",
                "forked (cloned, or restored from an old image): go on capturing; ask the operator for device re-key, then run residence enroll LINK --rekey"
            )
        case .rekeyed:
            say(
                "密钥已更换：采集照常；向运维人员索取链接，运行 residence enroll 链接 --rekey",
                "its key was replaced: go on capturing; ask the operator for a link and run residence enroll LINK --rekey"
            )
        case .waiting:
            say(
                "等待运维人员确认（服务器由备份恢复）：采集照常，确认后再同步",
                "waits for the operator (the server was restored): go on capturing, sync once confirmed"
            )
        case .leaseExpired:
            say(
                "长期未同步，暂不能查看记录：采集照常，请运行 residence sync",
                "has not synced for too long to show records: go on capturing, and run residence sync"
            )
        }
    }
}
