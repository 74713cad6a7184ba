#!/bin/sh
# Runs schemathesis (PyPI) with Protocol/openapi.yaml against a live daemon: a bounded number of requests
# to every route, well and badly formed, from a seed. Fails where anything answers 5xx, crashes, takes
# longer than ten seconds, or answers what the document does not say; all but the stream of events, which does not end. Two roles, and once more with ids
# of what is there.
# Usage: Support/schemathesis.sh FOLDER-OF-THE-PROGRAMS [EXAMPLES-PER-OPERATION] [SEED]
set -eu
programs=$1
examples=${2:-25}
seed=${3:-1}
root=$(cd "$(dirname "$0")/.." && pwd)
version=4.32.5
venv=$root/.build-schemathesis
work=$(mktemp -d)
daemon=
stop() { [ -z "$daemon" ] || { kill "$daemon" 2>/dev/null || true; wait "$daemon" 2>/dev/null || true; }; daemon=; }
trap 'stop; rm -rf "$work"' EXIT INT TERM

[ -x "$venv/bin/st" ] && [ "$(cat "$venv/version" 2>/dev/null)" = "$version" ] || {
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "schemathesis==$version"
    echo "$version" >"$venv/version"
}

# What is tried here is what requests say, not how many there may be.
mkdir -m 700 "$work/server"
echo '{"limits": {"device_burst": 1e9, "device_at_once": 1000, "address_burst": 1e9}}' >"$work/server/config.json"
LOG_LEVEL=error "$programs/residence-syncd" serve --data "$work/server" --listen 127.0.0.1:0 --lang en \
    >"$work/serve.log" 2>"$work/errors.log" &
daemon=$!
for _ in $(seq 100); do
    address=$(sed -n 's/.*\(https*:[^ ]*\).*/\1/p' "$work/serve.log")
    [ -z "$address" ] || break
    kill -0 "$daemon" 2>/dev/null || { cat "$work/errors.log" >&2; exit 1; }
    sleep 0.1
done

enrol() { # NAME ROLE
    link=$("$programs/residence-syncd" device add --data "$work/server" --name "$1" --area 33 --role "$2" --json |
        sed -n 's/.*"link" : "\(.*\)".*/\1/p')
    "$programs/residence" --data "$work/$1" enroll "$link" >/dev/null
}
on() { device=$1; shift; "$programs/residence" --data "$work/$device" "$@" >/dev/null 2>&1; }

# Something of everything to be found: records, an open conflict, a returned change, likely duplicates.
enrol one coordinator
enrol two coordinator
enrol chief operator
head -c 20000 "$root/Tests/ResidenceDomainTests/Fixtures/ledger.csv" >"$work/ledger.csv"
on one import "$work/ledger.csv" --refused "$work/refused.csv"
on one sync
on two sync
person=$("$programs/residence" --data "$work/one" list person --limit 1 --json | sed -n 's/^ *"id" : "\([^"]*\)".*/\1/p' | head -1)
on one edit "$person" name=王晓明
on two edit "$person" name=王肖明
on one add person name=外人 document_number=11010519491231002X captured_in=110105
on one sync
on two sync

returned=$("$programs/residence-syncd" quarantine --data "$work/server" --json | sed -n 's/.*"id":\([0-9]*\),.*/\1/p' | head -1)
{ # Where what is asked for is there, the requests get behind the search for it.
    for path in '' /history /reidentification /split /deletion /undeletion; do
        printf '[[operations]]\ninclude-path = "/v1/records/{id}%s"\nparameters = { "path.id" = "%s" }\n' "$path" "$person"
    done
    for path in '' /resolution; do
        printf '[[operations]]\ninclude-path = "/v1/conflicts/{id}%s"\nparameters = { "path.id" = 1 }\n' "$path"
    done
    for path in '' /mend /discard; do
        printf '[[operations]]\ninclude-path = "/v1/quarantine/{id}%s"\nparameters = { "path.id" = %s }\n' "$path" "$returned"
    done
} >"$work/found.toml"
: >"$work/any.toml"

pass() { # DEVICE CONFIGURATION
    echo "— as $1, $2"
    token=$("$programs/residence" --data "$work/$1" token)
    # It keeps a cache where it runs.
    (cd "$work" && PYTHONPATH="$root/Support" PYTHONDONTWRITEBYTECODE=1 SCHEMATHESIS_HOOKS=schemathesis_hooks "$venv/bin/st" --config-file "$work/$2.toml" run "$root/Protocol/openapi.yaml" --url "$address" \
        -H "Authorization: Bearer $token" \
        --checks not_a_server_error,content_type_conformance,status_code_conformance,response_schema_conformance \
        --max-examples "$examples" --seed "$seed" --generation-database none --exclude-path /v1/events --request-timeout 10 --workers 1 --no-color \
        >"$work/report" 2>&1) || { cat "$work/report"; exit 1; }
    sed -n '/SUMMARY/,$p' "$work/report"
    kill -0 "$daemon" 2>/dev/null || { echo "the daemon ended" >&2; cat "$work/errors.log" >&2; exit 1; }
}
pass chief any
pass one any
pass chief found
curl -fsS "$address/health/ready" >/dev/null
"$programs/residence-syncd" audit verify --data "$work/server" --lang en
