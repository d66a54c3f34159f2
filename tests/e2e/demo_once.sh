#!/usr/bin/env bash
# Runs the demo, which checks itself, on free ports with the programs of the given build directory.
set -euo pipefail

is_in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Prints a free port of the 300 from $1 on. These lie between the ports of the other tests and the
# range of ephemeral ports.
free_port_from() {
  local port
  while true; do
    port=$(($1 + RANDOM % 300))
    is_in_use "$port" || break
  done
  printf '%s' "$port"
}

PROVISR_API_PORT=$(free_port_from 32100)
PROVISR_METRICS_PORT=$(free_port_from 32400)
export PROVISR_API_PORT PROVISR_METRICS_PORT
demo=$(dirname "${BASH_SOURCE[0]}")/../../examples/process_metrics_demo.sh
exec "$demo" --once --build-dir "$1"
