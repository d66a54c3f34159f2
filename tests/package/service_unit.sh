#!/usr/bin/env bash
# Installs provisrd from a build tree and lets systemd check its unit.
# usage: service_unit.sh BUILD_DIR
set -euo pipefail

readonly build_dir=$1 skipped=77
if ! command -v systemd-analyze >/dev/null; then
  echo "skipped: no systemd-analyze here; the package systemd has it"
  exit "$skipped"
fi

prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build_dir" --prefix "$prefix" >"$prefix/log"
readonly unit="$prefix/lib/systemd/system/provisrd.service"
grep -q "^ExecStart=$prefix/bin/provisrd " "$unit"
# What e2e.machine shows to be needed.
for setting in OOMPolicy=continue TasksMax=infinity StartLimitIntervalSec=0 RestartPreventExitStatus=2 \
  "ExecReload=$prefix/bin/provisrd --check /etc/provisr.toml"; do
  grep -qxF "$setting" "$unit" || {
    echo "the unit lacks $setting"
    exit 1
  }
done
complaints=$(systemd-analyze verify "$unit" 2>&1 | grep provisrd.service || true)
if [ -n "$complaints" ]; then
  printf '%s\n' "$complaints"
  exit 1
fi
