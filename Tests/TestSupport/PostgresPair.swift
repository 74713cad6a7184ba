public import Foundation

/// A primary and a streaming standby on the loopback: what the one has committed, the other has.
///
/// They take connections over TCP, under TLS with a certificate for `localhost` where that is asked for, and few
/// of them. The role `residence` owns the schema; the role `secretive` has a password and needs TLS.
public final class PostgresPair: Sendable {
    /// One of the two.
    public enum Node: String, Sendable { case one, two }

    private let keeper: Keeper
    private let ports: [Int]

    /// Starts the first as the primary; with `standby`, the second, too, and waits for it.
    public init(standby: Bool = true) throws {
        ports = try [Self.freePort(), Self.freePort()]
        keeper = try Keeper(Self.script, ports.map(String.init) + [standby ? "yes" : "no"])
    }

    /// Where the files are: `ca.crt`, which vouches for the certificate, `other.crt`, which does not.
    public var folder: URL { keeper.folder }

    /// Where one of them listens.
    public func port(of node: Node) -> Int { ports[node == .one ? 0 : 1] }

    /// The address of both, by other ports where something stands between.
    public func address(through ports: [Int]? = nil) -> String {
        let hosts = (ports ?? self.ports).map { "127.0.0.1:\($0)" }.joined(separator: ",")
        return "postgres://residence@\(hosts)/postgres?options=-csearch_path%3Dresidence"
            + "&sslmode=disable"
    }

    /// Ends one as `kill -9` does.
    public func kill(_ node: Node) throws { try keeper.order("kill \(node.rawValue)") }

    /// Lets one stand still: its machine takes connections for it, and nobody answers.
    public func freeze(_ node: Node) throws { try keeper.order("signal \(node.rawValue) STOP") }

    /// Lets it go on.
    public func thaw(_ node: Node) throws { try keeper.order("signal \(node.rawValue) CONT") }

    /// Starts one as what it was.
    public func start(_ node: Node) throws { try keeper.order("start \(node.rawValue)") }

    /// Makes the standby the primary; it commits alone from now on.
    public func promote(_ node: Node) throws { try keeper.order("promote \(node.rawValue)") }

    /// Makes one the standby of the other, from a fresh copy, and waits until that has what is committed.
    public func rejoin(_ node: Node, from primary: Node) throws {
        try keeper.order("rejoin \(node.rawValue) \(primary.rawValue)")
    }

    /// Runs a script of SQL on one of them.
    public func run(_ script: String, on node: Node) throws {
        try keeper.run(
            "psql",
            [
                "-q", "-X", "-h", folder.path, "-p", "\(port(of: node))", "-U", "postgres", "-d",
                "postgres", "-v", "ON_ERROR_STOP=1", "-c", script,
            ]
        )
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw Keeper.Failure(description: "no port is free") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static let script = """
        port() { if [ "$1" = one ]; then echo "$port_one"; else echo "$port_two"; fi; }
        port_one=$3 port_two=$4 standby=$5
        sql() { node=$1; shift; mine "$programs/psql" -qXAt -h "$folder" -p "$(port "$node")" -U postgres "$@"; }
        start() {
            mine "$programs/pg_ctl" -D "$folder/$1" -l "$folder/$1.log" -o "-p $(port "$1")" -t 60 -w start
        }
        replicate() {
            sql "$1" -c "ALTER SYSTEM SET synchronous_standby_names = '*'" -c "SELECT pg_reload_conf()"
            for try in $(seq 300); do
                [ "$(sql "$1" -c "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")" = 1 ] \
                    && return 0
                sleep 0.1
            done
            return 1
        }
        copy() {
            rm -rf "$folder/$1"
            mine "$programs/pg_basebackup" -h "$folder" -p "$(port "$2")" -U postgres -D "$folder/$1" -R -X stream \
                -c fast
        }
        end_one() {
            [ -f "$folder/$1/postmaster.pid" ] || return 0
            first=$(head -1 "$folder/$1/postmaster.pid")
            children=$(pgrep -P "$first")
            kill -9 "$first" 2>/dev/null
            # What it has started ends by itself, a moment later; it holds the memory that they share.
            for try in $(seq 100); do
                alive=
                for child in $children; do kill -0 "$child" 2>/dev/null && alive=yes; done
                [ -z "$alive" ] && break
                sleep 0.05
            done
            for child in $children; do kill -9 "$child" 2>/dev/null; done
            rm -f "$folder/$1/postmaster.pid"
        }
        order() {
            case $1 in
                kill) end_one "$2" ;;
                start) start "$2" ;;
                signal)
                    first=$(head -1 "$folder/$2/postmaster.pid")
                    kill -"$3" $(pgrep -P "$first") "$first" ;;
                promote)
                    sql "$2" -c "ALTER SYSTEM RESET synchronous_standby_names" -c "SELECT pg_reload_conf()"
                    mine "$programs/pg_ctl" -D "$folder/$2" -w promote ;;
                rejoin) end_one "$2"; copy "$2" "$3" && start "$2" && replicate "$3" ;;
            esac
        }
        end() { end_one one; end_one two; }
        new="openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        {
            mine $new -x509 -keyout ca.key -out ca.crt -days 2 -subj "/CN=ca"
            mine $new -x509 -keyout other.key -out other.crt -days 2 -subj "/CN=other"
            mine $new -keyout server.key -out server.csr -subj "/CN=localhost"
            echo "subjectAltName=DNS:localhost" >names
            mine openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
                -out server.crt -extfile names
            chmod 644 ca.crt other.crt
            mine "$programs/initdb" -D "$folder/one" -A trust -U postgres -E UTF8 --locale=C -N
        } >"$folder/made" 2>&1 || { tail -3 "$folder/made"; exit 1; }
        if [ -s "$folder/server.crt" ]; then
            mine chmod 600 "$folder/server.key"
            echo "ssl = on" >>"$folder/one/postgresql.conf"
            echo "ssl_cert_file = '$folder/server.crt'" >>"$folder/one/postgresql.conf"
            echo "ssl_key_file = '$folder/server.key'" >>"$folder/one/postgresql.conf"
        fi
        cat >>"$folder/one/postgresql.conf" <<EOF
        listen_addresses = '127.0.0.1'
        unix_socket_directories = '$folder'
        max_connections = 40
        superuser_reserved_connections = 5
        wal_keep_size = 128MB
        fsync = off
        deadlock_timeout = 50ms
        EOF
        { echo "hostssl all secretive 127.0.0.1/32 scram-sha-256"
          echo "host all secretive 127.0.0.1/32 reject"
          cat "$folder/one/pg_hba.conf"; } >"$folder/hba"
        cat "$folder/hba" >"$folder/one/pg_hba.conf"
        { start one && sql one -c "CREATE ROLE residence LOGIN" \
            -c "CREATE SCHEMA residence AUTHORIZATION residence" \
            -c "CREATE ROLE secretive LOGIN PASSWORD 'geheim-口令'" \
            -c "CREATE SCHEMA secretive AUTHORIZATION secretive"; } >>"$folder/made" 2>&1 \
            || { tail -3 "$folder/made"; exit 1; }
        if [ "$standby" = yes ]; then
            { copy two one && start two && replicate one; } >>"$folder/made" 2>&1 \
                || { tail -3 "$folder/made"; end; exit 1; }
        fi
        """
}
