#pragma once

#include <string>

/// Paths of this build's programs and of the sources. Only one object file contains them, so that a
/// compiler cache also works for a checkout in another folder.
namespace provisr::test {

/// Returns the provisrd to test: $PROVISRD_PATH if it is set, otherwise that of this build.
[[nodiscard]] std::string provisrd_path();

/// Returns provisr_child, a program with known behaviour (tests/programs).
[[nodiscard]] std::string child_path();

/// Returns a library that lets a test step the wall clock of a program (clock_shim.cpp in
/// tests/programs); empty if this build has none.
[[nodiscard]] std::string clock_shim_path();

/// Returns a library that makes accept4 fail in a program (accept_shim.cpp); empty if this build
/// has none.
[[nodiscard]] std::string accept_shim_path();

/// Returns a library that makes a disk hang for a program (disk_shim.cpp); empty if this build has
/// none.
[[nodiscard]] std::string disk_shim_path();

/// Returns a library that lets a program start no more threads (thread_shim.cpp); empty if this
/// build has none.
[[nodiscard]] std::string thread_shim_path();

/// Whether the program has a dynamic linker, which is needed to preload these libraries.
[[nodiscard]] bool has_dynamic_linker(const std::string& program);

/// Returns the program that config/process_metrics_demo.toml runs.
[[nodiscard]] std::string demo_load_path();

[[nodiscard]] std::string fixtures_path();
[[nodiscard]] std::string source_path();

}  // namespace provisr::test
