#!/usr/bin/env bash
# Compiles the consumer with the flags of pkg-config for an installed provisr, and runs it.
# usage: pkg_config.sh COMPILER PREFIX WORK_DIR
set -euo pipefail
compiler=$1
prefix=$2
work_dir=$3

pc_file=$(find "$prefix" -name provisr.pc)
export PKG_CONFIG_PATH=${pc_file%/*}
read -r -a flags <<<"$(pkg-config --cflags --libs provisr)"

mkdir -p "$work_dir"
"$compiler" -std=c++20 "$(dirname "$0")/consumer/main.cpp" "${flags[@]}" -o "$work_dir/consumer"
"$work_dir/consumer"
