#!/bin/sh
# Rewrites what is generated from the .proto files: Swift, the descriptor set, and the hashes by
# which a test tells that they are not stale. Needs protoc (protobuf-compiler) and a built
# protoc-gen-swift, whose folder is the argument.
set -eu
cd "$(dirname "$0")"
out=SyncProtocol/Generated
rm -rf "$out" && mkdir -p "$out"
protoc --plugin="$1/protoc-gen-swift" --swift_out="$out" --swift_opt=Visibility=Public \
    --swift_opt=UseAccessLevelOnImports=true schema.proto records.proto sync.proto
protoc --descriptor_set_out="$out/records.binpb" schema.proto records.proto
sha256sum schema.proto records.proto sync.proto "$out"/*.swift "$out"/*.binpb > "$out/SHA256SUMS"
