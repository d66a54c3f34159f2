#!/usr/bin/env bash
# Counts the instructions and the allocations of the hot paths and compares them with
# expected.txt: instructions within 5 %, allocations exactly. With --update, writes the counts
# down as the expected ones. Returns 4, which CTest shows as skipped, if nothing can be compared.
#
# usage: tests/cost/check.sh [--update]       CXX names the compiler
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
expected=$here/expected.txt
readonly band_percent=5
readonly paths=(push record tick exposition)

skip() {
  printf 'skipped: %s\n' "$*"
  exit 4
}

compiler=${CXX:-g++}
command -v valgrind >/dev/null || skip "valgrind is not installed"
command -v "$compiler" >/dev/null || skip "there is no $compiler"
version="$(basename "$compiler") $("$compiler" -dumpfullversion -dumpversion) $(uname -m)"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Flags of its own: the count must not depend on how the rest is built.
build() {
  "$compiler" -std=c++20 -O2 -DNDEBUG -I"$root" -I"$root/include" "$here/cost.cpp" -pthread \
    -o "$work/cost"
}

instructions_of() {
  valgrind --tool=callgrind --callgrind-out-file="$work/$1.out" --toggle-collect="cost_$1" \
    "$work/cost" "$1" >"$work/$1.log" 2>&1 || { cat "$work/$1.log" >&2 && return 1; }
  sed -n 's/^\(summary\|totals\): *//p' "$work/$1.out" | head -n 1
}

measure() {
  local path
  for path in "${paths[@]}"; do
    printf '%s %s %s\n' "$path" "$(instructions_of "$path")" "$("$work/cost" "$path")"
  done
}

update() {
  {
    printf '# Hot path, instructions, allocations; written by tests/cost/check.sh --update.\n'
    printf 'compiler %s\n' "$version"
    measure
  } >"$work/expected.txt"
  cp "$work/expected.txt" "$expected"
  cat "$expected"
}

# Reads "path instructions allocations" lines and compares each with the expected one.
compare() {
  awk -v band="$band_percent" '
    NR == FNR { instructions[$1] = $2; allocations[$1] = $3; next }
    {
      difference = instructions[$1] ? 100 * ($2 - instructions[$1]) / instructions[$1] : 100
      verdict = difference > band ? "MORE THAN ALLOWED" : "ok"
      if (difference < -band) verdict = "LESS: write it down with tests/cost/check.sh --update"
      if ($3 != allocations[$1]) verdict = "ALLOCATES " $3 " TIMES"
      if (verdict != "ok") failed = 1
      printf "%-12s %9d instructions, expected %9d (%+.1f %%): %s\n", $1, $2, instructions[$1], difference, verdict
    }
    END { exit failed }' "$expected" -
}

if [ "${1:-}" = --update ]; then
  build
  update
  exit
fi
known=$(sed -n 's/^compiler //p' "$expected")
[ "$version" = "$known" ] || skip "the counts were taken with $known, this is $version"
build
measure | compare
