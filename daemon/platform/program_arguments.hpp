#pragma once

#include <string>
#include <vector>

namespace provisr::daemon {

/// Converts main's parameters to the arguments after the program's name: UTF-8 on Windows,
/// unchanged bytes elsewhere.
[[nodiscard]] std::vector<std::string> program_arguments(int argc, char** argv);

}  // namespace provisr::daemon
