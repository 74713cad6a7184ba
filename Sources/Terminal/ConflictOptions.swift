public import ArgumentParser
public import SyncProtocol

/// Which open conflicts somebody wants to see, as flags.
public struct ConflictOptions: ParsableArguments {
    @Option(help: ArgumentHelp(say("只列此区划", "Only of this area."), valueName: "CODE"))
    var area: String?
    @Option(help: ArgumentHelp(say("只列此类记录", "Only of this record type."), valueName: "TYPE"))
    var type: String?
    @Option(help: ArgumentHelp(say("只列此字段", "Only about this field."), valueName: "FIELD"))
    var field: String?
    @Option(
        help: ArgumentHelp(
            say(
                "只列此设备参与的（编号前几位即可）",
                "Only where this device has a part; its first digits suffice."
            ),
            valueName: "DEVICE"
        )
    )
    var device: String?

    /// No filter.
    public init() {}

    /// The filter that the flags name; `device` finds a device by the first digits of its id.
    ///
    /// Throws `parameter_invalid`.
    public func filter(
        device find: (String) throws -> DeviceID? = { DeviceID($0) }
    ) throws -> ConflictFilter {
        var filter = ConflictFilter()
        filter.area = try parsed(area, "--area", "330921101") { AreaCode($0) }
        filter.type = try parsed(type, "--type", "流动人口 person") {
            Schema.current.type(named: $0)?.number
        }
        filter.device = try parsed(device, "--device", "32 位十六进制数字 32 hexadecimal digits", find)
        filter.field = try parsed(field, "--field", "姓名 name") { name in
            Schema.current.types.contains { $0.field(named: name) != nil } ? name : nil
        }
        return filter
    }

    private func parsed<Value>(
        _ text: String?,
        _ flag: String,
        _ example: String,
        _ parse: (String) throws -> Value?
    ) throws -> Value? {
        guard let text else { return nil }
        guard let value = try parse(text) else {
            throw SyncError(
                "parameter_invalid",
                "\(flag) 的内容不对 \(flag) is not understood",
                hint: "例如 for example: \(example)",
                subject: flag
            )
        }
        return value
    }
}
