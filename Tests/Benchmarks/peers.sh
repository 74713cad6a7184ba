#!/bin/sh
# Runs a benchmark with its peers beside it, as far as they are installed: sh Tests/Benchmarks/peers.sh PROGRAM [ARGUMENT…]
#
# `make peers` puts Kinto and PocketBase into .build/bench/peers. Kinto gets a PostgreSQL of its own, which flushes each
# commit to the disk, and two workers of four threads; PocketBase flushes none, and cannot be told to.
set -eu
tools=$PWD/.build/bench/peers/bin
folder=$(mktemp -d /var/tmp/residence-peers.XXXXXX)
started=
mine() { "$@"; }
if [ "$(id -u)" = 0 ]; then
    mine() { runuser -u postgres -- "$@"; }
    chown postgres "$folder"
fi
end() {
    set +e
    for process in $started; do { kill "$process" && wait "$process"; } 2>/dev/null; done
    [ ! -d "$folder/data" ] || mine "$postgres/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$folder"
}
trap 'cd /; end' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Waits until the process that was started last answers there, half a minute at most.
answers() {
    for _ in $(seq 150); do
        kill -0 $! 2>/dev/null || break
        curl -sf -o "$folder/answer" "http://127.0.0.1:$1" && return
        sleep 0.2
    done
    echo "$2 does not answer; it said:" >&2
    tail -5 "$folder/log" >&2
    return 1
}

kinto() {
    port=55431
    (cd "$folder" && mine "$postgres/initdb" -D "$folder/data" -A trust -U postgres -E UTF8 --locale=C -N >/dev/null
    cat >>"$folder/data/postgresql.conf" <<EOF
port = $port
listen_addresses = '127.0.0.1'
unix_socket_directories = '$folder'
shared_buffers = 1GB
max_wal_size = 4GB
checkpoint_timeout = 30min
EOF
    mine "$postgres/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w start >/dev/null
    mine "$postgres/psql" -qX -h "$folder" -p $port -U postgres -c "CREATE DATABASE kinto")
    url=postgresql://postgres@127.0.0.1:$port/kinto
    sed "s|URL|$url|" Tests/Benchmarks/Peers/kinto.ini >"$folder/kinto.ini"
    cat >"$folder/peer.py" <<EOF
from pyramid.paster import get_app
application = get_app("$folder/kinto.ini", "main")
EOF
    "$tools/kinto" migrate --ini "$folder/kinto.ini" >"$folder/log" 2>&1
    "$tools/gunicorn" -b 127.0.0.1:18888 -w 2 -k gthread --threads 4 --keep-alive 75 --log-level error \
        --chdir "$folder" peer:application >"$folder/log" 2>&1 &
    started="$started $!"
    peers="$peers --peer kinto:18888:$!,$(head -1 "$folder/data/postmaster.pid")"
    answers 18888/v1/ Kinto
}

pocketbase() {
    mkdir "$folder/pb"
    "$tools/pocketbase" superuser upsert operator@example.com secret12345 --dir "$folder/pb/data" >"$folder/log" 2>&1
    "$tools/pocketbase" serve --http 127.0.0.1:18190 --dir "$folder/pb/data" --automigrate=false >"$folder/log" 2>&1 &
    started="$started $!"
    peers="$peers --peer pocketbase:18190:$!"
    answers 18190/api/health PocketBase
}

peers=
postgres=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1)
if [ -x "$tools/kinto" ] && [ -n "$postgres" ]; then kinto; else echo "Kinto is not run: make peers deps-postgres"; fi
if [ -x "$tools/pocketbase" ]; then pocketbase; else echo "PocketBase is not run: make peers"; fi
"$@" $peers
