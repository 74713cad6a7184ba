internal import Glibc

/// A decoder under libFuzzer, and what it promises whatever the bytes.
protocol FuzzTarget: Sendable {
    init()
    /// Decodes the bytes, and stops the process where a promise is broken.
    func run(_ bytes: [UInt8])
}

/// The targets by the names under which `Support/fuzz.sh` starts them.
package enum FuzzTargets {
    private static let all: [String: any FuzzTarget.Type] = [
        "fields": FieldsTarget.self, "json": JSONTarget.self, "ledger": LedgerTarget.self,
        "messages": MessagesTarget.self, "outbox": OutboxTarget.self, "token": TokenTarget.self,
        "zlib": ZlibTarget.self,
    ]

    /// Every name.
    package static var names: [String] { all.keys.sorted() }

    /// Gives inputs to a target, one after the other; returns how many.
    package static func run(_ name: String, _ inputs: some Sequence<[UInt8]>) -> Int {
        guard let target = all[name]?.init() else { broken("no target is called “\(name)”") }
        return inputs.reduce(0) { count, input in
            target.run(input)
            return count + 1
        }
    }

    /// The one that the program's name chooses.
    fileprivate static let chosen: any FuzzTarget = {
        let path = CommandLine.arguments.first ?? ""
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard let target = all[name] else {
            broken("no target is called “\(name)”: \(all.keys.sorted())")
        }
        return target.init()
    }()
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    FuzzTargets.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

/// Stops the process where a promise does not hold, and says which: optimized code keeps no words
/// of a precondition.
func expect(_ holds: Bool, _ promise: @autoclosure () -> String) {
    if !holds { broken(promise()) }
}

/// Stops the process.
func broken(_ promise: String) -> Never {
    let line = Array("broken promise: \(promise)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
    abort()
}

/// Decodes bytes, and once more what the message encodes to: the two must be the same.
func expectRoundTrip<Message: Equatable>(
    _ bytes: [UInt8],
    _ encode: (Message) -> [UInt8],
    _ decode: ([UInt8]) throws -> Message?
) {
    guard let message = try? decode(bytes) else { return }
    let encoded = encode(message)
    guard let again = try? decode(encoded) else {
        broken("what a \(Message.self) encodes to is one")
    }
    expect(again == message, "a \(Message.self) encodes and decodes to the same")
    expect(encode(again) == encoded, "a \(Message.self) always encodes to the same bytes")
}
