#!/usr/bin/env bash
# Builds provisrd, runs it with config/process_metrics_demo.toml and shows its answers.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: examples/process_metrics_demo.sh [--once] [--build-dir DIR]

Builds provisrd, runs the demo configuration and shows its figures until Ctrl-C.
  --once           check every answer instead, and end: 0 if all are right
  --build-dir DIR  take the programs that are built in DIR, and build nothing

PROVISR_API_PORT and PROVISR_METRICS_PORT choose other ports than 8080 and 9090.
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root config=config/process_metrics_demo.toml release_dir=build/release
readonly api_port=${PROVISR_API_PORT:-8080} metrics_port=${PROVISR_METRICS_PORT:-9090}
readonly api="http://localhost:$api_port/api" metrics_url="http://localhost:$metrics_port/metrics"
readonly instances="my-app-1 my-app-2 my-app-3" processes=4

once=false
given_build_dir=
while [ "$#" -gt 0 ]; do
  case "$1" in
    --once) once=true ;;
    --build-dir)
      [ "$#" -ge 2 ] || { usage >&2 && exit 2; }
      given_build_dir=$(cd "$2" && pwd)
      shift
      ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  shift
done
cd "$root"

bold='' green='' red='' plain=''
if [ -t 1 ]; then
  bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
fi

stage() { printf '\n%s[%3d s] %s%s\n' "$bold" "$SECONDS" "$*" "$plain"; }
die() {
  printf '%s%s%s\n' "$red" "$*" "$plain" >&2
  exit 1
}

# --- starting and stopping --------------------------------------------------------------

scratch=$(mktemp -d)
readonly scratch log="$scratch/provisrd.log"
provisrd_pid=
children=()

is_running() { kill -0 "$1" 2>/dev/null; }

# Waits up to $1 seconds until none of the other arguments is a running process.
wait_until_gone() {
  local deadline=$((SECONDS + $1)) pid
  shift
  for pid in "$@"; do
    while is_running "$pid"; do
      [ "$SECONDS" -lt "$deadline" ] || return 1
      sleep 0.1
    done
  done
}

# Ends provisrd, which ends its processes. Fails if provisrd had to be killed or left a process behind.
stop_provisrd() {
  [ -n "$provisrd_pid" ] || return 0
  local pid=$provisrd_pid clean=true
  provisrd_pid=
  kill -TERM "$pid" 2>/dev/null || true
  wait_until_gone 15 "$pid" || { clean=false && kill -KILL "$pid"; }
  wait "$pid" 2>/dev/null || clean=false
  if ! wait_until_gone 5 ${children[@]+"${children[@]}"}; then
    clean=false
    kill -KILL "${children[@]}" 2>/dev/null || true
  fi
  $clean
}

clean_up() {
  stop_provisrd || printf 'provisrd did not end as it should\n' >&2
  rm -rf "$scratch"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

check_port() {
  if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
    die "Port $1 is in use. Choose another one: $2=PORT $0"
  fi
}

build() {
  stage "Installing what is missing"
  ./cmake/bootstrap.sh --demo
  stage "Building provisrd ($release_dir)"
  local output="$scratch/build.log"
  if [ -t 1 ]; then output=/dev/tty; fi
  {
    cmake --preset release &&
      cmake --build --preset release --parallel "$(getconf _NPROCESSORS_ONLN)" \
        --target provisrd demo_load
  } >"$output" 2>&1 || {
    [ "$output" = /dev/tty ] || cat "$output" >&2
    die "The build failed."
  }
}

start_provisrd() {
  local build_dir=${given_build_dir:-$release_dir} file=$config
  if [ -n "$given_build_dir" ]; then
    file="$scratch/demo.toml"
    sed "s|$release_dir/|$given_build_dir/|" "$config" >"$file"
  fi
  stage "Starting provisrd with $config"
  "$build_dir/daemon/provisrd" "$file" --listen ":$api_port" --metrics-listen ":$metrics_port" \
    >"$log" 2>&1 &
  provisrd_pid=$!
}

fetch() { curl --silent --show-error --max-time 10 "$@"; }

# Waits until all processes have a sample.
wait_for_figures() {
  local deadline=$((SECONDS + 30)) answer
  while true; do
    answer=$(fetch "$api/metrics" 2>/dev/null) || answer='{}'
    if jq -e "length == $processes" <<<"$answer" >/dev/null 2>&1; then break; fi
    is_running "$provisrd_pid" || die "provisrd ended:"$'\n'"$(cat "$log")"
    [ "$SECONDS" -lt "$deadline" ] || die "No figures after 30 s:"$'\n'"$(cat "$log")"
    sleep 0.1
  done
  mapfile -t children < <(jq '.[].pid' <<<"$answer")
}

# --- showing ----------------------------------------------------------------------------

show_ticks() {
  stage "Figures arrive once a second"
  printf '%-14s %8s %10s %8s %5s\n' name 'cpu %' 'memory MB' threads fds
  local shown='' answer
  for ((tick = 0; tick < 4; )); do
    answer=$(fetch "$api/metrics")
    if [ "$(jq -r 'first(.[].timestamp)' <<<"$answer")" != "$shown" ]; then
      shown=$(jq -r 'first(.[].timestamp)' <<<"$answer")
      printf '%s\n' "$shown"
      jq -r '.[] | [.name, .cpu_percent, .memory_mb, .num_threads, .num_fds] | @tsv' <<<"$answer" |
        while IFS=$'\t' read -r name cpu memory threads fds; do
          LC_ALL=C printf '%-14s %8.1f %10.1f %8s %5s\n' "$name" "$cpu" "$memory" "$threads" "$fds"
        done
      tick=$((tick + 1))
    fi
    sleep 0.1
  done
}

# Prints the first $1 lines of its input.
shorten() { sed -n "1,${1}p; $((${1} + 1))s/.*/  .../p"; }

show_request() {
  stage "$1"
  printf "curl -s '%s'\n" "$2"
  case "$2" in
    "$api"/*) fetch "$2" | jq . | shorten 14 ;;
    *) fetch "$2" | shorten 24 ;;
  esac
}

show_all() {
  show_ticks
  show_request "One process" "$api/metrics?name=my-app-1"
  show_request "Every process" "$api/metrics"
  show_request "The group of the three instances" "$api/metrics/group?base=my-app"
  show_request "History, oldest first" "$api/metrics/history?name=my-grower"
  show_request "What is managed" "$api/status"
  show_request "For Prometheus" "$metrics_url"
}

# --- checking ---------------------------------------------------------------------------

failures=0
patience_ends=0 # for all checks together, in seconds since the start

report() {
  if "${@:2}"; then
    printf '%sok%s    %s\n' "$green" "$plain" "$1"
  else
    printf '%sFAIL%s  %s\n' "$red" "$plain" "$1"
    failures=$((failures + 1))
  fi
}

# Fetches $1 until the command in the other arguments accepts the answer.
holds() {
  until fetch "$1" | "${@:2}" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$patience_ends" ]; then
      printf 'asked: %s\nfor:   %s\ngot:   %s\n' "$1" "${*:2}" "$(fetch "$1" | shorten 14)" >&2
      return 1
    fi
    sleep 0.5
  done
}

check_json() { report "$1" holds "$2" jq -e "$3"; }
check_page() { report "$1" holds "$2" grep -q -- "$3"; }

status_is() { [ "$(fetch -o "$scratch/answer" -w '%{http_code}' "$2")" = "$1" ]; }
error_is() { status_is "$1" "$2" && jq -e '.error | length > 0' "$scratch/answer" >/dev/null; }
has_header() { fetch -D - -o /dev/null "$1" | grep -i -q "^$2"; }

check_samples() {
  check_json "GET /api/metrics: all $processes processes" "$api/metrics" \
    "keys == [\"my-app-1\", \"my-app-2\", \"my-app-3\", \"my-grower\"]"
  local name
  for name in $instances; do
    check_json "$name: CPU about 30 %, 40 MB, threads, descriptors" "$api/metrics?name=$name" \
      ".name == \"$name\" and .pid > 1 and .cpu_percent > 10 and .cpu_percent < 60
       and .memory_rss >= 30 * 1048576 and .memory_vms >= .memory_rss and .memory_swap >= 0
       and (.memory_mb - .memory_rss / 1048576 | fabs) < 0.01
       and .num_threads >= 1 and .num_fds >= 3 and (.timestamp | test(\"^20.*Z$\"))"
  done
  check_json "history: the process and its samples, oldest first" \
    "$api/metrics/history?name=my-app-1" \
    '.process == "my-app-1" and (.history | length >= 3)
     and ([.history[].timestamp] | . == sort)'
  check_json "history: the grower's memory grows" "$api/metrics/history?name=my-grower" \
    '[.history[].memory_rss] | [.[1:], .[:-1]] | transpose | map(.[0] - .[1]) | max > 1048576'
}

check_group() {
  check_json "group: three processes, their sums and averages" "$api/metrics/group?base=my-app" \
    'def close(a; b): (a - b | fabs) < 0.01;
     .base == "my-app" and .process_count == 3 and (.processes | length) == 3
     and close(.total_cpu; [.processes[].cpu_percent] | add)
     and close(.total_memory; [.processes[].memory_mb] | add)
     and close(.avg_cpu; .total_cpu / 3) and close(.avg_memory; .total_memory / 3)'
}

check_prometheus() {
  local family
  for family in cpu_percent memory_mb num_threads num_fds; do
    check_page "/metrics: HELP of $family" "$metrics_url" "^# HELP provisr_process_$family [A-Z].*\.$"
    check_page "/metrics: TYPE of $family" "$metrics_url" "^# TYPE provisr_process_$family gauge$"
    report "/metrics: $processes samples of $family" holds "$metrics_url" \
      awk "/^provisr_process_$family\\{name=\"my-[a-z0-9-]+\"\\} [0-9.]+\$/ { n++ }
           END { exit n != $processes }"
  done
}

check_rest() {
  check_json "GET /api/status: $processes running" "$api/status" \
    "[.. | objects | select(.state? == \"running\")] | length == $processes"
  check_page "GET /: the list of endpoints" "http://localhost:$api_port/" '/api/metrics/history'
  report "an unknown name: 404" error_is 404 "$api/metrics?name=nobody"
  report "an unknown path: 404" error_is 404 "$api/nothing"
  report "a history without a name: 400" error_is 400 "$api/metrics/history"
  report "answers are JSON" has_header "$api/metrics" "Content-Type: application/json"
  report "answers are not cached" has_header "$api/metrics" "Cache-Control: no-store"
}

check_all() {
  stage "Checking the answers"
  patience_ends=$((SECONDS + 60))
  check_samples
  check_group
  check_prometheus
  check_rest
  report "provisrd ends when asked, and all its processes with it" stop_provisrd
  stage "$failures checks failed"
  [ "$failures" -eq 0 ]
}

# ----------------------------------------------------------------------------------------

check_port "$api_port" PROVISR_API_PORT
check_port "$metrics_port" PROVISR_METRICS_PORT
if [ -z "$given_build_dir" ]; then build; fi
start_provisrd
wait_for_figures
if $once; then
  check_all
else
  show_all
  trap 'exit 0' INT
  stage "Running until Ctrl-C"
  printf 'open         http://localhost:%s/\nJSON:        %s/metrics\nPrometheus:  %s\n' \
    "$api_port" "$api" "$metrics_url"
  printf 'Now and then my-grower ends: the page tells when and why.\n'
  wait "$provisrd_pid" || die "provisrd ended:"$'\n'"$(cat "$log")"
fi
