import Foundation

/// Sockets on the machine's own address.
enum Loopback {
    /// No program that is started meanwhile keeps a connection open.
    private static let stream = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)

    /// Listens on a free port.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        let listener = socket(AF_INET, stream, 0)
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && Foundation.listen(listener, 64) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard isBound else { throw CocoaError(.featureUnsupported) }
        return (listener, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// A connection to a port; `nil` where nobody listens.
    static func connect(to port: Int) -> Int32? {
        let descriptor = socket(AF_INET, stream, 0)
        var address = loopback(port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(
                    descriptor,
                    $0,
                    socklen_t(MemoryLayout<sockaddr_in>.size)
                ) == 0
            }
        }
        guard !isConnected else { return descriptor }
        _ = Foundation.close(descriptor)
        return nil
    }

    /// Sends bytes on a new connection, and hears the answer to its end.
    static func ask(_ port: Int, _ text: String) -> String {
        guard let descriptor = connect(to: port) else { return "" }
        defer { _ = Foundation.close(descriptor) }
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, length)
        let bytes = Array(text.utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += buffer.prefix(count)
        }
    }

    /// Asks a daemon over HTTP; the answer with its head.
    static func get(_ path: String, from port: Int) -> String {
        ask(port, "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }
}
