#!/usr/bin/env bash
# Builds the benchmarks with the options of a user's build, runs them all and prints one table.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: bench/run.sh [--quick] [--update-docs] [--report]

  --quick        fewer rounds: under two minutes once it is built, and noisier
  --update-docs  also writes the table, this machine and the charts into docs/
  --report       only makes the table again, from the results of the last run

Results are kept in build/bench/results. What the benchmarks need is installed by
cmake/bootstrap.sh --bench.
EOF
}

root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bench
results=$build/results
quick=false
with_run=true
report_options=()
while [ "$#" -gt 0 ]; do
  case "$1" in
    --quick) quick=true ;;
    --update-docs) report_options+=(--update-docs) ;;
    --report) with_run=false ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done

say() { printf 'bench: %s\n' "$*" >&2; }

build_all() {
  "$root/cmake/bootstrap.sh" --bench
  say "building into ${build#"$root"/}"
  (cd "$root" && cmake --preset release -B "$build" -DPROVISR_BUILD_BENCH=ON \
    -DPROVISR_BUILD_EXAMPLES=OFF >"$build.log" && cmake --build "$build" >>"$build.log") || {
    tail -n 40 "$build.log" >&2
    exit 1
  }
  grep -h 'not installed' "$build.log" >&2 || true
}

run_program() {
  say "$1"
  "$build/bench/$1" --benchmark_min_time="$min_time" --benchmark_format=json \
    --benchmark_out="$results/$1.json" --benchmark_out_format=json >/dev/null
}

run_all() {
  local min_time=1 rounds=7 seconds=3 subject
  if $quick; then
    export PROVISR_BENCH_QUICK=1
    min_time=0.05 rounds=3 seconds=1
  fi
  mkdir -p "$results"
  rm -f "$results"/*_bench.json "$results/serve.json" "$results/scenarios.json" \
    "$results/daemon_cpu.json"
  for subject in ring_buffer publish sampling tick tree match contention exposition json query; do
    run_program "${subject}_bench"
  done
  say "serving, with wrk"
  "$root/bench/serve.py" "$build" --rounds "$rounds" --seconds "$seconds" >"$results/serve.json"
  say "the daemon beside the library"
  python3 -B "$root/bench/daemon_cpu.py" "$build" --rounds "$rounds" --seconds "$seconds" \
    >"$results/daemon_cpu.json"
  say "slow clients, a thousand children"
  python3 -B "$root/bench/scenarios.py" "$build" --rounds "$rounds" >"$results/scenarios.json"
}

mkdir -p "$build"
if $with_run; then
  build_all
  run_all
fi
python3 -B "$root/bench/report.py" "$results" "${report_options[@]}"
