#pragma once

#include <string>

/// Where this build's programs and the sources are. Compiled into one object file, so that a
/// compiler cache is of use to a checkout in another folder.
namespace provisr::test {

/// The provisrd to test: the one of this build, or what PROVISRD_PATH in the environment names.
[[nodiscard]] std::string provisrd_path();

/// The program with known behaviour, tests/programs.
[[nodiscard]] std::string child_path();

/// A library that lets a test step the wall clock of a program, tests/programs/clock_shim.cpp;
/// empty if there is none.
[[nodiscard]] std::string clock_shim_path();

/// One that has accept4 of a program fail, tests/programs/accept_shim.cpp; empty if there is none.
[[nodiscard]] std::string accept_shim_path();

/// A library that makes a disk hang for a program, tests/programs/disk_shim.cpp; empty if there is
/// none.
[[nodiscard]] std::string disk_shim_path();

/// Whether the program loads such a library: not without a dynamic linker.
[[nodiscard]] bool has_dynamic_linker(const std::string& program);

/// The program that config/process_metrics_demo.toml runs.
[[nodiscard]] std::string demo_load_path();

[[nodiscard]] std::string fixtures_path();
[[nodiscard]] std::string source_path();

}  // namespace provisr::test
