#!/usr/bin/env bash
# The example of a history in a file: a second run continues the history of one that was killed, and
# what is no history stays as it was.
set -euo pipefail

keep=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

expect() {
  local text=$1 file=$2
  grep -qF -- "$text" "$file" && return
  printf 'not found: %s\n' "$text" >&2
  cat "$file" >&2
  exit 1
}

# Prints the number of completed pushes, from the header of the file (docs/history-format.md).
pushed() { od -An -t u8 -j 32 -N 8 "$folder/history" 2>/dev/null | tr -d ' '; }

"$keep" "$folder/history" $$ 100000 >"$folder/first" &
first=$!
until [ "$(pushed || true)" != "" ] && [ "$(pushed)" -ge 3 ]; do sleep 0.05; done
"$keep" "$folder/history" $$ 1 >"$folder/second" 2>"$folder/message"
expect "Resource temporarily unavailable" "$folder/message" # the first run uses the file
expect "samples of earlier runs: 0" "$folder/second"
kill -KILL "$first"
wait "$first" 2>/dev/null || true
kept=$(pushed)

"$keep" "$folder/history" $$ 2 >"$folder/third"
expect "samples of earlier runs: $kept" "$folder/third"
expect "samples now: $((kept + 2))" "$folder/third"

printf 'a letter\n' >"$folder/letter"
cp "$folder/letter" "$folder/copy"
"$keep" "$folder/letter" $$ 1 >"$folder/fourth" 2>"$folder/message"
expect "kept:" "$folder/message"
expect "samples now: 1" "$folder/fourth"
cmp "$folder/letter" "$folder/copy"
