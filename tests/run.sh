#!/usr/bin/env bash
# Installs what is missing, builds provisr and runs its tests.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: tests/run.sh [MODE]...

  dev        the everyday build with all tests; this is what runs without a MODE
  asan       with the address and undefined-behaviour sanitizers, by clang
  tsan       with the thread sanitizer
  dev-clang  as dev, by clang, whose warnings asan has shown already
  coverage   with line coverage for gcov
  windows    the cross build for Windows, tested under Wine
  macos      the cross builds for macOS, which nothing here can run
  static     provisrd in one file for any Linux: on x86-64 with the demo and the daemon's tests, on
             arm64 with the unit tests under QEMU
  fuzz       libFuzzer over what reads foreign text, some seconds each
  e2e        the whole beside what people use it with: Prometheus, a build, nginx, PostgreSQL,
             systemd on a machine of its own (QEMU), and the page in a headless Chromium (it takes
             minutes)
  bench      the benchmarks, quickly: whether they run, not what they say
  format     whether the sources are formatted
  lint       clang-tidy over all sources (slow)
  all        dev, asan, tsan, windows, macos, static, fuzz, e2e, bench, format
EOF
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly clang_format_version=14
readonly source_dirs="include lib daemon tests examples bench"
jobs=$(getconf _NPROCESSORS_ONLN)
tests_at_once=$((jobs * 3)) # most of them wait
readonly jobs tests_at_once

modes=()
for argument in "$@"; do
  case "$argument" in
    dev | asan | tsan | dev-clang | coverage | windows | macos | static | fuzz | e2e | bench | format | lint) modes+=("$argument") ;;
    all) modes+=(dev asan tsan windows macos static fuzz e2e bench format) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done
[ "${#modes[@]}" -gt 0 ] || modes=(dev)

have() { command -v "$1" >/dev/null 2>&1; }

# Paths below this folder count as relative, so that clones share their cached objects.
if have ccache; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
fi

# --- the summary ------------------------------------------------------------------------

passed=()
failed=()
skipped=()
timings=()

print_list() {
  local heading=$1 line
  shift
  [ "$#" -gt 0 ] || return 0
  printf '%s\n' "$heading"
  for line in "$@"; do printf '  %s\n' "$line"; done
}

summarize() {
  printf '\n==== summary (%d s) ====\n' "$SECONDS"
  print_list 'seconds:' ${timings[@]+"${timings[@]}"}
  print_list 'skipped:' ${skipped[@]+"${skipped[@]}"}
  print_list 'passed:' ${passed[@]+"${passed[@]}"}
  print_list 'FAILED:' ${failed[@]+"${failed[@]}"}
  if [ "${#failed[@]}" -eq 0 ]; then
    printf 'result: passed\n'
  else
    printf 'result: FAILED\n'
  fi
}

unescape() { sed 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&apos;/'"'"'/g; s/&amp;/\&/g'; }

# Prints "NAME: REASON" for each skipped test in a JUnit file. The reason is the message of SKIP().
skipped_tests() {
  awk '
    /<testcase / { match($0, /name="[^"]*"/); name = substr($0, RSTART + 6, RLENGTH - 7); skip = 0 }
    /<skipped|status="notrun"/ { skip = 1; reason = "no reason given" }
    skip && /<system-out>skipped: / { reason = $0; sub(/.*<system-out>skipped: /, "", reason) }
    skip && want_reason && NF { sub(/^[ \t]+/, ""); reason = $0; want_reason = 0 }
    skip && /explicitly with message:/ { want_reason = 1 }
    /<\/testcase>/ { if (skip) print name ": " reason; skip = 0; want_reason = 0 }
  ' "$1" | unescape
}

# Prints attribute $2 of the <testsuite> element.
junit_count() { sed -n "s/.*[[:space:]]$2=\"\([0-9]*\)\".*/\1/p" "$1" | head -n 1; }

failed_tests() { sed -n 's/.*<testcase name="\([^"]*\)".*status="fail".*/\1/p' "$1" | unescape; }

# --- the modes --------------------------------------------------------------------------

build() {
  local targets=(all) options=()
  if [ "$1" = dev ]; then
    targets+=(all_verify_interface_header_sets)
    # In large pieces, a first build takes less time, and one after an edit more.
    [ -f build/dev/CMakeCache.txt ] || options=(-DPROVISR_UNITY_TESTS=ON)
  fi
  cmake --preset "$1" ${options[@]+"${options[@]}"} && cmake --build --preset "$1" --parallel "$jobs" --target "${targets[@]}"
}

# Tests that build with their own compilers and flags need to run only once: in dev.
test_filter() {
  case "$1" in
    dev) printf '%s\n' --exclude-regex '^e2e\.(exposition|monitoring|fleet|page|workloads|machine.*)$' ;;
    windows-cross) ;;
    linux-static-aarch64) printf '%s\n' --tests-regex '^(unit: |platform\.version)' ;;
    *) printf '%s\n' --label-exclude '^(package|platform|e2e)$' ;;
  esac
}

# GCC 12's thread sanitizer fails at random if the kernel randomizes more than 28 bits of addresses.
fixed_addresses() {
  local bits
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || printf 0)
  if [ "$1" = tsan ] && [ "$bits" -gt 28 ] && setarch -R true 2>/dev/null; then
    printf '%s\n' setarch -R
  fi
}

# One in several thousand starts of Wine fails on its own, without a message, with status 1.
second_try() {
  if [ "$1" = windows-cross ]; then printf '%s\n' --repeat until-pass:2; fi
}

run_tests() {
  local junit="$PWD/build/$1/junit.xml" filter prefix line status=0
  mapfile -t filter < <(test_filter "$1")
  mapfile -t -O "${#filter[@]}" filter < <(second_try "$1")
  mapfile -t prefix < <(fixed_addresses "$1")
  rm -f "$junit"
  # Whoever starts the tests may leave them any descriptors: these have gaps between them.
  ${prefix[@]+"${prefix[@]}"} ctest --preset "$1" --parallel "$tests_at_once" --output-junit "$junit" \
    ${filter[@]+"${filter[@]}"} 9</dev/null 11</dev/null 14</dev/null || status=$?
  if [ ! -f "$junit" ]; then
    failed+=("$1: ctest ran no tests")
    return
  fi
  while read -r line; do skipped+=("$1: $line"); done < <(skipped_tests "$junit")
  while read -r line; do failed+=("$1: $line"); done < <(failed_tests "$junit")
  if [ "$status" -eq 0 ]; then
    passed+=("$1: $(junit_count "$junit" tests) tests, $(junit_count "$junit" skipped) of them skipped")
  else
    failed+=("$1: $(junit_count "$junit" failures) of $(junit_count "$junit" tests) tests")
  fi
}

# Configures and builds a cross preset. Further arguments are targets; the default is all.
cross_build() {
  local preset=$1
  shift
  [ "$#" -gt 0 ] || set -- all
  if cmake --preset "$preset" && cmake --build --preset "$preset" --parallel "$jobs" --target "$@"; then
    return
  fi
  failed+=("$preset: the build")
  return 1
}

run_windows() {
  # Creates Wine's folder, so that no test has to wait for it.
  ./cmake/toolchains/wine.sh cmd /c exit
  if cross_build windows-cross; then run_tests windows-cross; fi
}

# For x86-64, library and daemon are enough: the tests would compile like those for arm64.
run_macos() {
  if cross_build macos-cross; then passed+=("macos-cross: the build (nothing here can run it)"); fi
  if cross_build macos-cross-x86_64 provisr provisrd; then
    passed+=("macos-cross-x86_64: library and daemon (nothing here can run them)")
  fi
}

# Checks that a file is statically linked and small.
check_static_file() {
  local file=$1 size
  size=$(stat -c %s "$file")
  if [ "$size" -lt 3000000 ] && ! readelf -l "$file" | grep -q INTERP; then
    passed+=("$file: $size bytes, static")
  else
    failed+=("$file: $size bytes, or not static")
  fi
}

# Runs a command and records under the name $1 whether it succeeded.
check() {
  if "${@:2}"; then
    passed+=("$1")
  else
    failed+=("$1")
  fi
}

run_static() {
  local preset=linux-static
  if cross_build "$preset" provisrd demo_load && build dev; then
    check_static_file "build/$preset/daemon/provisrd"
    check "$preset: the demo" ./tests/e2e/demo_once.sh "build/$preset"
    check "$preset: the daemon's tests" env "PROVISRD_PATH=$PWD/build/$preset/daemon/provisrd" \
      ctest --preset dev --parallel "$tests_at_once" --label-regex '^daemon$'
  fi
  preset=linux-static-aarch64
  if cross_build "$preset" provisrd provisr_unit_tests; then
    check_static_file "build/$preset/daemon/provisrd"
    run_tests "$preset"
  fi
}

# The tests of the page leave their screenshots in build/dev/page-tests.
run_e2e() {
  if build dev; then
    check "e2e: beside Prometheus and in the browser" ctest --preset dev --label-regex '^e2e$' \
      --exclude-regex '^e2e\.demo$' --parallel $((jobs * 2)) # the mode dev runs e2e.demo
  else
    failed+=("e2e: the build")
  fi
}

run_bench() { check "bench: all benchmarks run" ./bench/run.sh --quick; }

run_preset() {
  if build "$1"; then
    run_tests "$1"
  else
    failed+=("$1: the build")
  fi
}

sources() {
  # shellcheck disable=SC2086  # a list of words
  find $source_dirs -type f -name "$1" 2>/dev/null | sort
}

find_clang_format() {
  local candidate
  for candidate in "clang-format-$clang_format_version" clang-format; do
    if have "$candidate" && "$candidate" --version | grep -q "version $clang_format_version\."; then
      printf '%s' "$candidate"
      return
    fi
  done
}

run_format() {
  local tool files
  tool=$(find_clang_format)
  if [ -z "$tool" ]; then
    skipped+=("format: no clang-format $clang_format_version here; others format differently")
    return
  fi
  mapfile -t files < <(sources '*.[ch]pp')
  if "$tool" --dry-run --Werror "${files[@]}"; then
    passed+=("format: ${#files[@]} files")
  else
    failed+=("format: run $tool -i on the files named above")
  fi
}

run_lint() {
  local files
  if ! build dev-clang; then
    failed+=("lint: the build of dev-clang, which it works on")
    return
  fi
  mapfile -t files < <(
    sources '*.cpp' | while read -r file; do
      if grep -qF "$PWD/$file\"" build/dev-clang/compile_commands.json; then printf '%s\n' "$file"; fi
    done
  )
  if printf '%s\0' "${files[@]}" | xargs -0 -n 1 -P "$jobs" clang-tidy --quiet -p build/dev-clang; then
    passed+=("lint: ${#files[@]} files")
  else
    failed+=("lint")
  fi
}

bootstrap() {
  local scopes=(--tests) mode
  for mode in "${modes[@]}"; do
    case "$mode" in
      asan | dev-clang | fuzz | format | lint) scopes+=(--all) ;;
      e2e) scopes+=(--e2e) ;;
      windows | macos | static) scopes+=(--cross) ;;
    esac
  done
  ./cmake/bootstrap.sh "${scopes[@]}"
}

bootstrap
for mode in "${modes[@]}"; do
  begun=$SECONDS
  printf '\n==== %s (%d s) ====\n' "$mode" "$begun"
  case "$mode" in
    format) run_format ;;
    lint) run_lint ;;
    windows) run_windows ;;
    macos) run_macos ;;
    static) run_static ;;
    e2e) run_e2e ;;
    bench) run_bench ;;
    *) run_preset "$mode" ;;
  esac
  timings+=("$mode: $((SECONDS - begun))")
done
summarize
[ "${#failed[@]}" -eq 0 ]
