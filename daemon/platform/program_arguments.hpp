#pragma once

#include <string>
#include <vector>

namespace provisr::daemon {

/// The arguments behind the program's own name, in UTF-8 where the system knows what letters they
/// are (Windows), else as they came. Takes main's parameters. Implemented in daemon/platform.
[[nodiscard]] std::vector<std::string> program_arguments(int argc, char** argv);

}  // namespace provisr::daemon
