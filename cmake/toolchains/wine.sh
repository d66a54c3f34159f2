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
# one stays for a minute; where one runs already, nothing happens. It must not hold on to the
# caller's streams: CTest waits for their end.
wineserver --persistent=60 </dev/null >/dev/null 2>&1 || true
exec wine "$@"
