#!/bin/sh
# Builds the program without any library that it would need at run time, for one architecture on any other; checks that it
# needs none, and tells its size.
#
#   deploy/static.sh [amd64|arm64] [FILE]
#
# Needs rustup, clang (one dependency, ring, has parts in C and assembler) and readelf. musl and the linker come with
# the Rust toolchain. FILE is where a copy goes.
set -eu
cd "$(dirname "$0")/.."

case "${1:-$(uname -m)}" in
amd64 | x86_64) target=x86_64-unknown-linux-musl ;;
arm64 | aarch64) target=aarch64-unknown-linux-musl ;;
*) echo "no such architecture: $1; there are amd64 and arm64" >&2 && exit 2 ;;
esac
variable=$(echo "$target" | tr a-z- A-Z_)

rustup target list --installed | grep -qx "$target" || rustup target add "$target"
export "CC_$(echo "$target" | tr - _)=clang"
export "CARGO_TARGET_${variable}_LINKER=rust-lld"
export "CARGO_TARGET_${variable}_RUSTFLAGS=-Clink-self-contained=yes"
# A megabyte of relocations, which is read at every start and stays in memory, becomes some kilobytes.
cargo rustc --release --locked --bin addon-operator --target "$target" -- -Clink-arg=--pack-dyn-relocs=relr

program=${CARGO_TARGET_DIR:-target}/$target/release/addon-operator
if readelf --program-headers --wide "$program" | grep -q INTERP ||
  readelf --dynamic --wide "$program" | grep NEEDED; then
  echo "$program is not static" >&2
  exit 1
fi
size=$(wc -c <"$program")
echo "$program is static: $size bytes, $((size / 1048576)) MiB; packed $(gzip -9c "$program" | wc -c) bytes"
[ $# -lt 2 ] || install -D "$program" "$2"
