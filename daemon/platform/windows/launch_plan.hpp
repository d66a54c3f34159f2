#pragma once

#include "daemon/platform/child_process.hpp"

#include <string>

namespace provisr::daemon {

/// A command in the form that CreateProcess takes.
struct LaunchPlan {
  /// Throws std::system_error with std::errc::no_such_file_or_directory if PATH has no such
  /// program.
  explicit LaunchPlan(const ChildCommand& command);

  std::wstring program;       ///< the file to execute
  std::wstring command_line;  ///< quoted so that the program's C library restores argv
  std::wstring environment;   ///< "KEY=value\0...\0", sorted as Windows requires
  std::wstring work_dir;      ///< empty: the daemon's
};

/// Quotes an argument so that CommandLineToArgvW and the C library restore it.
[[nodiscard]] std::wstring quote_argument(const std::wstring& argument);

}  // namespace provisr::daemon
