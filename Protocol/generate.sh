#!/bin/sh
# Rewrites what is generated from the .proto files: Swift, the descriptor set, and the hashes by
# which a test tells that they are not stale. Needs protoc (protobuf-compiler) and a built
# protoc-gen-swift, whose folder is the argument.
set -eu
cd "$(dirname "$0")"
final=SyncProtocol/Generated
out=$final.new
trap 'rm -rf "$out"' EXIT
rm -rf "$out" && mkdir -p "$out"
protoc --plugin="$1/protoc-gen-swift" --swift_out="$out" --swift_opt=Visibility=Public \
    --swift_opt=UseAccessLevelOnImports=true schema.proto records.proto sync.proto views.proto
protoc --descriptor_set_out="$out/records.binpb" schema.proto records.proto
# The dictionary is made of a ledger, by `make dictionary`.
cp "$final/dictionary.bin" "$out/"
# Nothing is replaced before everything was made.
rm -rf "$final" && mv "$out" "$final"
sha256sum schema.proto records.proto sync.proto views.proto "$final"/*.swift "$final"/*.binpb > "$final/SHA256SUMS.new"
mv "$final/SHA256SUMS.new" "$final/SHA256SUMS"
