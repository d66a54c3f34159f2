#!/usr/bin/env bash
# Unpacks the sources of the libraries that provisr is built with: a cross build compiles them,
# as the system's packages are of the wrong platform. Debian and Ubuntu; from the mirror that the
# machine uses anyway. Does nothing where the sources are there already.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: cmake/fetch_sources.sh [FOLDER]

Unpacks fmt, cpp-httplib, RapidJSON, toml++ and Catch2 into FOLDER/<library>;
FOLDER is build/sources unless given.
TEXT
}

case "${1-}" in -h | --help) usage && exit 0 ;; esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-build/sources}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
readonly folder
readonly packages=(fmtlib cpp-httplib rapidjson catch2 tomlplusplus)

say() { printf 'fetch_sources: %s\n' "$*"; }
fail() {
  printf 'fetch_sources: %s\n' "$*" >&2
  exit 1
}

missing=()
for package in "${packages[@]}"; do
  [ -e "$folder/$package/.complete" ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0
command -v apt-get >/dev/null 2>&1 || fail "sources are fetched with apt-get only"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The machine's own entries, with sources instead of programs.
source_entries() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    sed 's/^Types:.*/Types: deb-src/' "$file"
    printf '\n'
  done >"$work/sources.list.d/machine.sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    sed -n 's/^deb[ \t]/deb-src /p' "$file"
  done >"$work/sources.list.d/machine.list"
}

# apt-get with lists of its own, which needs no right to change the machine's.
own_apt_get() {
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources.list.d" \
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" \
    -o APT::Sandbox::User= -o Acquire::Retries=3 -o Acquire::Languages=none "$@"
}

# toml++ is headers alone, and those are in its package for development.
unpack_tomlplusplus() {
  local tree="$folder/tomlplusplus"
  rm -rf "$tree"
  mkdir -p "$tree" "$work/tomlplusplus"
  (cd "$work/tomlplusplus" && apt-get -q -o APT::Sandbox::User=root download libtomlplusplus-dev &&
    dpkg-deb -x libtomlplusplus-dev_*.deb .) >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "no headers of toml++"
  }
  mv "$work/tomlplusplus/usr/include" "$tree/include"
  cat >"$tree/CMakeLists.txt" <<'TEXT'
add_library(tomlplusplus INTERFACE)
add_library(tomlplusplus::tomlplusplus ALIAS tomlplusplus)
target_include_directories(tomlplusplus INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}/include")
TEXT
  touch "$tree/.complete"
}

unpack() {
  local package=$1 tree
  mkdir "$work/$package"
  (cd "$work/$package" && own_apt_get source --only-source "$package") >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "no sources of $package"
  }
  tree=$(find "$work/$package" -mindepth 1 -maxdepth 1 -type d)
  rm -rf "${folder:?}/$package"
  mv "$tree" "$folder/$package"
  touch "$folder/$package/.complete"
}

say "fetching the sources of ${missing[*]}"
mkdir -p "$work/sources.list.d" "$work/lists/partial"
source_entries
own_apt_get update >"$work/log" 2>&1 ||
  say "not every list of sources could be fetched; going on with those that are there"
for package in "${missing[@]}"; do
  case "$package" in
    tomlplusplus) unpack_tomlplusplus ;;
    *) unpack "$package" ;;
  esac
done
say "done in $SECONDS s"
