#!/usr/bin/env bash
# Tests the page in a headless Chromium with the programs of the build directory $1. Installs
# playwright-core and axe-core into page-tests below it, and leaves screenshots there.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=$(cd "$1" && pwd)
readonly here build_dir folder="$build_dir/page-tests" skipped=77

skip() {
  printf 'skipped: %s\n' "$*"
  exit "$skipped"
}

chromium=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}
[ -n "$chromium" ] || skip "no Chromium here; ./tests/run.sh e2e installs one"
command -v node >/dev/null || skip "no Node.js here; ./tests/run.sh e2e installs it"

# node --test would run every file beside the tests, so they are copied to a separate folder.
install_modules() {
  if [ -d "$folder/node_modules/axe-core" ] && cmp -s "$here/package.json" "$folder/package.json"; then return; fi
  command -v npm >/dev/null || skip "no npm here; ./tests/run.sh e2e installs it"
  mkdir -p "$folder"
  cp "$here/package.json" "$folder/"
  (cd "$folder" && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error) >&2 ||
    skip "npm could not install playwright-core and axe-core"
}

install_modules
rm -rf "$folder/screenshots"
mkdir -p "$folder/screenshots"
cp "$here"/*.mjs "$folder/"
rm -rf "$folder/web"
cp -R "$here/../../../web" "$folder/web"
cd "$folder"
CHROMIUM=$chromium PROVISR_BUILD_DIR=$build_dir exec node --test --test-concurrency=1 --test-reporter=spec ${PAGE_TESTS:+--test-name-pattern="$PAGE_TESTS"} "$folder/parts_test.mjs" "$folder/page_test.mjs"
