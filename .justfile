# What CI runs, step by step. `just` lists the recipes.

_list:
    @just --justfile {{justfile()}} --list

# All of it, as CI does.
ci:
    .ci/run

# Formatting, in place.
fmt:
    cargo fmt

# Lints, with warnings denied.
lint:
    cargo clippy --locked --all-targets -- -D warnings

# Every test; the first run builds a Kubernetes API server.
test:
    cargo test

# Unit tests alone: seconds, no API server.
unit:
    cargo test --lib

# The order of the rooms.
layers:
    cargo test --test it layers::

# Tests against a real API server.
cluster:
    cargo test --test it cluster::

# The documentation of the code.
docs:
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps

# Licences, duplicates, sources and advisories of dependencies.
deny:
    cargo deny check

# The program without any library, its size, and that it is so; needs clang.
static:
    deploy/static.sh
