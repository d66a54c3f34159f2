#!/usr/bin/env bash
# Runs a Windows program under Wine, with a Wine folder of this project's own.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export WINEPREFIX=${PROVISR_WINEPREFIX:-$root/build/wine}
export WINEDEBUG=-all WINEDLLOVERRIDES=winemenubuilder.exe=d
if [ ! -e "$WINEPREFIX/system.reg" ]; then
  mkdir -p "$WINEPREFIX"
  wine wineboot --init </dev/null >/dev/null 2>&1
  wineserver --wait
fi
# Wine's server ends soon after the last program, and fails one that is just about to start. This
# one stays for a minute. With a new one, Wine's services start, too: here, without the caller's
# streams, for whose end CTest would wait as long.
if wineserver --persistent=60 </dev/null >/dev/null 2>&1; then
  wine cmd /c exit </dev/null >/dev/null 2>&1
fi
exec wine "$@"
