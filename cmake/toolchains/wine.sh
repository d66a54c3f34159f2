#!/usr/bin/env bash
# Runs a Windows program under Wine, with a Wine folder of this project's own.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$root/build"
export WINEPREFIX=${PROVISR_WINEPREFIX:-$root/build/wine}
export WINEDEBUG=-all WINEDLLOVERRIDES=winemenubuilder.exe=d
exec wine "$@"
