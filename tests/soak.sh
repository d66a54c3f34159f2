#!/usr/bin/env bash
# Runs provisrd for a while under load: children that come and go, HTTP requests and slow clients.
# Passes if memory, descriptors and threads do not grow and the daemon ends when asked to.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: tests/soak.sh [MINUTES] [PRESET]

Builds PRESET (asan by default) and lets its provisrd run for MINUTES (20 by default, fractions
allowed) with children that come and go, clients that ask all the time and clients that dawdle.
Prints a line every ten seconds; the last line is the verdict. All traffic stays on loopback.
EOF
}

case "${1-}" in -h | --help) usage && exit 0 ;; esac
readonly minutes=${1:-20}
readonly preset=${2:-asan}
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target provisrd provisr_child >/dev/null
readonly child="$PWD/build/$preset/tests/programs/provisr_child"
readonly provisrd="$PWD/build/$preset/daemon/provisrd"
readonly slow_clients=100
readonly interval_seconds=10
work_dir=$(mktemp -d)
readonly work_dir
daemon_pid=
load_pids=()

clean_up() {
  local pid
  for pid in "${load_pids[@]}" $daemon_pid; do
    kill -KILL "$pid" && wait "$pid"
  done 2>/dev/null || true
  rm -rf "$work_dir"
}
trap clean_up EXIT

# --- the daemon -------------------------------------------------------------------------

write_configuration() {
  cat <<EOF
[server]
listen = "127.0.0.1:0"
[metrics]
listen = "127.0.0.1:0"
[metrics.process_metrics]
interval = "100ms"
max_history = 1000
[[processes]]
name = "steady"
args = ["$child", "threader", "2", "--seconds", "1000000"]
instances = 20
[[processes]]
name = "flapping"
args = ["$child", "exiter", "1", "30"]
instances = 10
auto_restart = true
restart_interval = "50ms"
[[processes]]
name = "missing"
args = ["/nonexistent/program"]
auto_restart = true
restart_interval = "200ms"
[[processes]]
name = "watched"
pid_file = "$work_dir/watched.pid"
EOF
}

# Prints the port that follows the words $1 in the log.
port_in_log() { sed -n "s/.*$1 on [^ ]*:\([0-9]*\).*/\1/p" "$work_dir/log" | head -n 1; }

start_daemon() {
  write_configuration >"$work_dir/provisr.toml"
  # The sanitizer keeps freed memory for a while. The quarantine is small, so that growth is visible.
  ASAN_OPTIONS=quarantine_size_mb=8:detect_leaks=1 \
    "$provisrd" "$work_dir/provisr.toml" >/dev/null 2>"$work_dir/log" &
  daemon_pid=$!
  for _ in $(seq 300); do
    api_port=$(port_in_log 'JSON API')
    metrics_port=$(port_in_log 'Prometheus metrics')
    if [ -n "$api_port" ] && [ -n "$metrics_port" ]; then return; fi
    sleep 0.1
  done
  fail "provisrd did not start: $(tail -n 3 "$work_dir/log")"
}

status_field() { sed -n "s/^$1:[^0-9]*\([0-9]*\).*/\1/p" "/proc/$daemon_pid/status"; }
descriptors() { find "/proc/$daemon_pid/fd" -mindepth 1 | wc -l; }
is_running() { kill -0 "$daemon_pid" 2>/dev/null; }

fail() {
  printf 'soak: FAILED: %s\n' "$1"
  exit 1
}

# --- the load ---------------------------------------------------------------------------

ask_without_end() {
  while :; do
    curl -s --max-time 10 "$@" >/dev/null || true
  done
}

# Holds connections that have sent half a request. Replaces them in turn, as the daemon closes them.
dawdle_without_end() {
  local slots=() slot
  while :; do
    for slot in $(seq 0 $((slow_clients - 1))); do
      if [ -n "${slots[slot]-}" ]; then exec {slots[slot]}>&-; fi
      exec {slots[slot]}<>"/dev/tcp/127.0.0.1/$metrics_port" || continue
      printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ' >&"${slots[slot]}" || true
      sleep 0.02
    done
  done
}

# Keeps writing new processes to the PID file.
churn_pid_file() {
  while :; do
    sleep 0.3 &
    printf '%s\n' "$!" >"$work_dir/watched.pid"
    wait "$!"
  done
}

start_load() {
  local api="http://127.0.0.1:$api_port/api"
  ask_without_end "$api/metrics" "$api/status" "$api/metrics/history?name=steady-1" \
    "$api/metrics/group?base=flapping" "$api/metrics?name=nobody" &
  load_pids+=("$!")
  ask_without_end "http://127.0.0.1:$metrics_port/metrics" -X POST -d 'x=y' "$api/status" &
  load_pids+=("$!")
  dawdle_without_end 2>/dev/null &
  load_pids+=("$!")
  churn_pid_file 2>/dev/null &
  load_pids+=("$!")
}

# --- the verdict ------------------------------------------------------------------------

# Fails if a value is more than a tenth plus a slack above the baseline.
check_flat() {
  local what=$1 baseline=$2 now=$3 slack=$4
  if [ "$now" -gt $((baseline + baseline / 10 + slack)) ]; then
    fail "$what grew from $baseline to $now"
  fi
}

watch_daemon() {
  local end rss=0 fds=0 threads=0 round=0 first_rss=0 first_fds=0 first_threads=0
  end=$(awk -v now="$SECONDS" -v minutes="$minutes" 'BEGIN { print int(now + minutes * 60) }')
  while [ "$SECONDS" -lt "$end" ]; do
    sleep "$interval_seconds"
    is_running || fail "provisrd ended: $(tail -n 5 "$work_dir/log")"
    rss=$(status_field VmRSS) fds=$(descriptors) threads=$(status_field Threads)
    printf 'soak: %4d s: %d kB resident, %d descriptors, %d threads\n' \
      "$SECONDS" "$rss" "$fds" "$threads"
    round=$((round + 1))
    # The baseline is taken after a minute: until then, histories, buffers and the sanitizer fill up.
    if [ "$round" -le 6 ]; then first_rss=$rss first_fds=$fds first_threads=$threads; fi
  done
  check_flat 'resident memory in kB' "$first_rss" "$rss" 8192
  check_flat 'the number of descriptors' "$first_fds" "$fds" "$slow_clients"
  check_flat 'the number of threads' "$first_threads" "$threads" 4
}

end_daemon() {
  local status=0
  kill -TERM "$daemon_pid"
  wait "$daemon_pid" || status=$?
  [ "$status" -eq 0 ] || fail "provisrd ended with status $status: $(tail -n 20 "$work_dir/log")"
  daemon_pid=
}

start_daemon
start_load
watch_daemon
end_daemon
printf 'soak: passed after %s minutes\n' "$minutes"
