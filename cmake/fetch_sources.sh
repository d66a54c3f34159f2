#!/usr/bin/env bash
# Unpacks the sources of the libraries that provisr is built with. Cross builds compile them, as the
# system's packages are for another platform. Every build uses Debian 13's cpp-httplib, as Debian 12's
# is too old. Works on Debian and Ubuntu, with the machine's own mirror; apt checks the signatures.
# Does nothing if the sources are there already.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: cmake/fetch_sources.sh [--only PACKAGE] [FOLDER]

Unpacks fmt, cpp-httplib, RapidJSON, toml++ and Catch2, or the one source PACKAGE, into
FOLDER/<package>; FOLDER is build/sources unless given.
TEXT
}

packages=(fmtlib cpp-httplib rapidjson catch2 tomlplusplus)
case "${1-}" in
  -h | --help) usage && exit 0 ;;
  --only)
    [ -n "${2-}" ] || { usage >&2 && exit 2; }
    packages=("$2")
    shift 2
    ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-build/sources}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
readonly folder
readonly packages
readonly least_cpp_httplib=0.18.7
readonly release_of_cpp_httplib=trixie

say() { printf 'fetch_sources: %s\n' "$*"; }
fail() {
  printf 'fetch_sources: %s\n' "$*" >&2
  exit 1
}

at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

cpp_httplib_version() {
  sed -n 's/^#define CPPHTTPLIB_VERSION "\(.*\)"/\1/p' "$folder/cpp-httplib/httplib.h"
}

is_there() {
  [ -e "$folder/$1/.complete" ] || return 1
  [ "$1" != cpp-httplib ] || at_least "$(cpp_httplib_version)" "$least_cpp_httplib"
}

missing=()
for package in "${packages[@]}"; do
  is_there "$package" || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0
command -v apt-get >/dev/null 2>&1 || fail "sources are fetched with apt-get only"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Writes the machine's apt entries to folder $1, for source packages instead of binary packages.
source_entries() {
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -r "$file" ] || continue
    sed 's/^Types:.*/Types: deb-src/' "$file"
    printf '\n'
  done >"$1/machine.sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -r "$file" ] || continue
    sed -n 's/^deb[ \t]/deb-src /p' "$file"
  done >"$1/machine.list"
}

# Writes the entries for a newer Debian release $1 to folder $2, without backports.
entries_of_release() {
  local here
  here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release | tr -d '"')
  source_entries "$2"
  grep -q '^ID=debian' /etc/os-release && [ -n "$here" ] || return 0
  sed -i "/^#/d; s/$here/$1/g" "$2/machine.sources" "$2/machine.list"
  awk -v RS= -v ORS='\n\n' '!/-backports/' "$2/machine.sources" >"$2/kept"
  mv "$2/kept" "$2/machine.sources"
  sed -i '/-backports/d' "$2/machine.list"
}

# Runs apt-get with separate package lists in folder $1, which needs no root.
own_apt_get() {
  local own=$1
  shift
  apt-get -q -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$own/entries" \
    -o "Dir::State::Lists=$own/lists" -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" \
    -o APT::Sandbox::User= -o Acquire::Retries=3 -o Acquire::Languages=none "$@"
}

# Creates the folder $1 of own_apt_get, unless it exists. The other arguments are a command that writes
# the entries.
fetch_lists() {
  local own=$1
  shift
  [ ! -d "$own" ] || return 0
  mkdir -p "$own/entries" "$own/lists/partial"
  "$@" "$own/entries"
  own_apt_get "$own" update >"$work/log" 2>&1 ||
    say "not every list of sources could be fetched; going on with those that are there"
}

# toml++ is header-only. Its development package has the headers.
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

# unpack PACKAGE LISTS
unpack() {
  local package=$1 lists=$2 tree
  mkdir "$work/$package"
  (cd "$work/$package" && own_apt_get "$lists" source --only-source "$package") >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    fail "no sources of $package"
  }
  tree=$(find "$work/$package" -mindepth 1 -maxdepth 1 -type d)
  rm -rf "${folder:?}/$package"
  mv "$tree" "$folder/$package"
  touch "$folder/$package/.complete"
}

unpack_cpp_httplib() {
  fetch_lists "$work/newer" entries_of_release "$release_of_cpp_httplib"
  unpack cpp-httplib "$work/newer"
  is_there cpp-httplib ||
    fail "cpp-httplib is $(cpp_httplib_version) here; $least_cpp_httplib or newer is needed"
}

say "fetching the sources of ${missing[*]}"
for package in "${missing[@]}"; do
  case "$package" in
    tomlplusplus) unpack_tomlplusplus ;;
    cpp-httplib) unpack_cpp_httplib ;;
    *)
      fetch_lists "$work/own" source_entries
      unpack "$package" "$work/own"
      ;;
  esac
done
say "done in $SECONDS s"
