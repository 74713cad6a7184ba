internal import NIOCore
internal import Synchronization

/// How many connections each address holds open.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let exempt: Set<String>
    private let open = Mutex<[String: Int]>([:])

    /// At most `limit` for each address, but for those of proxies.
    init(limit: Int, exempt: [String]) { (self.limit, self.exempt) = (limit, Set(exempt)) }

    /// Counts a connection, unless the address has its fill.
    func take(_ address: String) -> Bool {
        guard !exempt.contains(address) else { return true }
        return open.withLock { open in
            guard open[address, default: 0] < limit else { return false }
            open[address, default: 0] += 1
            return true
        }
    }

    func giveBack(_ address: String) {
        open.withLock { open in
            guard let count = open[address] else { return }
            open[address] = count > 1 ? count - 1 : nil
        }
    }
}

/// Closes a connection of an address that has its fill of them.
final class ConnectionCounter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let count: ConnectionCount
    private var address: String?

    init(_ count: ConnectionCount) { self.count = count }

    func handlerAdded(context: ChannelHandlerContext) {
        let peer = context.channel.remoteAddress?.ipAddress ?? ""
        if count.take(peer) { address = peer } else { context.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveBack()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { giveBack() }

    private func giveBack() {
        if let address { count.giveBack(address) }
        address = nil
    }
}
