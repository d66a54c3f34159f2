#!/usr/bin/env bash
# The demo checks itself, on ports of its own, with the programs built in the given directory.
set -euo pipefail

is_in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port below the range from which systems choose ports for outgoing connections.
free_port() {
  local port
  while true; do
    port=$((20000 + RANDOM % 12000))
    is_in_use "$port" || break
  done
  printf '%s' "$port"
}

PROVISR_API_PORT=$(free_port)
PROVISR_METRICS_PORT=$(free_port)
export PROVISR_API_PORT PROVISR_METRICS_PORT
demo=$(dirname "${BASH_SOURCE[0]}")/../../examples/process_metrics_demo.sh
exec "$demo" --once --build-dir "$1"
