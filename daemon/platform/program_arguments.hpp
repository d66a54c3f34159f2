#pragma once

#include <string>
#include <vector>

namespace provisr::daemon {

/// The arguments after the program's own name: in UTF-8 on Windows, unchanged bytes elsewhere.
/// Takes main's parameters.
[[nodiscard]] std::vector<std::string> program_arguments(int argc, char** argv);

}  // namespace provisr::daemon
