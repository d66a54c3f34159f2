#!/usr/bin/env bash
# Compares provisr with psutil, gopsutil, process-exporter, netdata's apps.plugin and Go's promhttp, by
# the measurements of bench/run.sh. What is not installed is left out with a message.
set -euo pipefail

usage() {
  cat <<'EOF'
usage: bench/peers/run.sh [--install] [--quick]

  --install  on Debian: installs Go, its libraries and psutil, and unpacks, without installing
             them (they would start services), process-exporter and netdata into build/bench
  --quick    fewer ticks

Run bench/run.sh first: it builds provisrd and the processes that are sampled.
EOF
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/bench
peers=$build/peers
install=false
options=(--ticks 100 --rounds 5)
for argument in "$@"; do
  case "$argument" in
    --install) install=true ;;
    --quick) options=(--ticks 30 --rounds 2) ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

say() { printf 'peers: %s\n' "$*" >&2; }

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q install --no-install-recommends "$@" \
    >"$peers/install.log" 2>&1 || say "could not install: $*"
}

# Debian 12's own Go is enough for its client libraries, but the Go of backports makes them faster.
install_go() {
  local codename
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  command -v go >/dev/null || apt_install -t "$codename-backports" golang-go
  command -v go >/dev/null || apt_install golang-go
}

unpack() {
  local package=$1 path=$2
  (cd "$peers" && apt-get -q download "$package" >/dev/null 2>&1 &&
    dpkg-deb -x "$package"_*.deb "$peers/root" && cp "$peers/root/$path" "$peers/") ||
    say "could not fetch $package"
}

install_all() {
  install_go
  apt_install golang-github-shirou-gopsutil-dev golang-github-prometheus-client-golang-dev
  apt_install python3-psutil
  unpack prometheus-process-exporter usr/bin/prometheus-process-exporter
  unpack netdata-core usr/lib/netdata/plugins.d/apps.plugin
  cp "$peers/root/usr/lib/netdata/conf.d/apps_groups.conf" "$peers/" 2>/dev/null || true
}

# Builds a program from the Go sources in Debian's packages, without network access.
build_go() {
  command -v go >/dev/null || { say "Go is not installed" && return; }
  (cd "$here/$1" && GO111MODULE=off GOFLAGS='' GOPATH=/usr/share/gocode GOCACHE=$peers/go-cache \
    go build -o "$peers/$1" . 2>"$peers/$1.log") || say "cannot build $1, see $peers/$1.log"
}

[ -x "$build/daemon/provisrd" ] || { say "run bench/run.sh first" && exit 1; }
mkdir -p "$peers" "$build/results"
if $install; then install_all; fi
build_go gopsutil_sampler
build_go promhttp_server
python3 -B "$here/peers.py" "$build" "${options[@]}" --json "$build/results/peers.json"
