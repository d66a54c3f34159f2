#!/usr/bin/env bash
# Runs a Windows program under Wine, with a separate Wine folder for this project.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export WINEPREFIX=${PROVISR_WINEPREFIX:-$root/build/wine}
export WINEDEBUG=-all WINEDLLOVERRIDES=winemenubuilder.exe=d
if [ ! -e "$WINEPREFIX/system.reg" ]; then
  mkdir -p "$WINEPREFIX"
  wine wineboot --init </dev/null >/dev/null 2>&1
  wineserver --wait
fi
# Wine's server ends soon after the last program. A program that starts at that moment fails, so this
# server stays for a minute. Wine's services start with a new server: they are started here without the
# caller's streams, because CTest waits until all streams are closed.
if wineserver --persistent=60 </dev/null >/dev/null 2>&1; then
  wine cmd /c exit </dev/null >/dev/null 2>&1
fi
exec wine "$@"
