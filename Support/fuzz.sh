#!/bin/sh
# Feeds every decoder that meets foreign bytes with inputs that libFuzzer makes up: each target of
# Tests/Fuzz runs for some seconds from its corpus. Fails where one crashes, hangs, or breaks a promise.
# Our own modules are compiled here, instrumented; what they depend on comes from the build folder as
# `make build` left it. What is found goes to .build/fuzz; no file of the repository is written.
# With a seed other than 0, what it makes up is the same each time, as far as the seconds reach.
# Usage: Support/fuzz.sh BUILD-FOLDER [SECONDS] [TARGET] [SEED]
set -eu
build=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
seconds=${2:-10}
only=${3:-}
seed=${4:-0}
root=$(cd "$(dirname "$0")/.." && pwd)
out=$root/.build/fuzz
mkdir -p "$out/modules"

dependencies='SwiftProtobuf Crypto CryptoBoringWrapper CCryptoBoringSSL CCryptoBoringSSLShims CryptoExtras
    CXKCP CXKCPShims JWTKit X509 SwiftASN1 _CertificateInternals Logging'
objects=$build/residence-syncd.product/Objects.LinkFileList
[ -f "$objects" ] || { echo "There is no build in $build: make build" >&2; exit 1; }
for dependency in $dependencies; do grep "/$dependency\.build/" "$objects"; done >"$out/dependencies"

# C modules that the dependencies' interfaces name, and ours.
maps=
for map in "$root/Protocol/CZlib" "$root/Protocol/CDeflate" "$(dirname "$build")"/checkouts/swift-crypto/Sources/*/include; do
    [ ! -f "$map/module.modulemap" ] ||
        maps="$maps -Xcc -fmodule-map-file=$map/module.modulemap -Xcc -I$map"
done

compile() { # MODULE FILES…
    module=$1
    shift
    # A module is compiled again where one of its files, or a module below it, is newer.
    stamp=$out/$module.compiled
    [ ! -f "$stamp" ] || [ -n "$(find "$@" "$0" -newer "$stamp")" ] ||
        [ -n "$changed" ] || return 0
    changed=yes
    : >"$out/incomplete"
    echo "— compiling $module"
    # shellcheck disable=SC2086
    swiftc -O -g -wmo -sanitize=fuzzer,address -parse-as-library -swift-version 6 \
        -package-name fuzz -module-name "$module" -DSWIFT_PACKAGE \
        -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
        -enable-upcoming-feature MemberImportVisibility \
        -enable-upcoming-feature NonisolatedNonsendingByDefault \
        -I "$out/modules" -I "$build/Modules" $maps -module-cache-path "$out/cache" \
        -emit-module -emit-module-path "$out/modules/$module.swiftmodule" -emit-object -o "$out/$module.o" "$@"
    : >"$stamp"
}
# Where the last build did not end, all of it begins again.
[ -f "$out/incomplete" ] && changed=yes || changed=
for folder in Protocol/SyncProtocol Protocol/SyncTrust Sources/ResidenceDomain; do
    module=$(basename $folder)
    # Resources that are embedded in code became a file of the build folder.
    # shellcheck disable=SC2046
    compile "$module" $(find "$root/$folder" "$build/$module.build/DerivedSources" -name '*.swift' 2>/dev/null)
done
compile Fuzz "$root"/Tests/Fuzz/*.swift

if [ -n "$changed" ] || [ ! -x "$out/fuzz" ]; then
    swiftc -use-ld=lld -sanitize=fuzzer,address "$out"/*.o @"$out/dependencies" -lz -ldeflate -lstdc++ -o "$out/fuzz"
    rm -f "$out/incomplete"
fi

# The program does what its name says.
targets=$(ls "$root/Tests/Fuzz/Corpus")
[ -z "$only" ] || targets=$only
work=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")
trap 'rm -rf "$work"' EXIT INT TERM
status=0
for target in $targets; do
    [ -d "$root/Tests/Fuzz/Corpus/$target" ] || { echo "No such target: $target" >&2; exit 1; }
    ln -sf fuzz "$out/$target"
    mkdir -p "$out/found/$target" "$out/crashes"
    # The first folder takes what is new; a run that finds nothing worse than slowness is a success.
    # Swift's own account of a crash comes in libFuzzer's way.
    if TMPDIR=$work SWIFT_BACKTRACE=enable=no SWIFT_DETERMINISTIC_HASHING=1 ASAN_OPTIONS=detect_leaks=0:quarantine_size_mb=16 "$out/$target" \
        -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=256 -print_final_stats=1 \
        -artifact_prefix="$out/crashes/$target-" \
        "$out/found/$target" "$root/Tests/Fuzz/Corpus/$target" >"$out/$target.log" 2>&1; then
        awk -v target="$target" '/number_of_executed_units/ { runs = $2 } /cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cover = $(i + 1) }
            END { printf "%-10s %9d inputs, %5d places reached\n", target, runs, cover }' "$out/$target.log"
    else
        status=1
        sed -n '/broken promise/p; /^==.*ERROR/,$p' "$out/$target.log" | head -60 >&2
        echo "$target failed. Again: SWIFT_BACKTRACE=enable=no $out/$target $(ls -t "$out/crashes/$target-"* | head -1)" >&2
    fi
done
exit $status
