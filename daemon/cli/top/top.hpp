#pragma once

#include "daemon/cli/client/commands.hpp"

namespace provisr::daemon {

/// `provisrd top`: a table on the full screen until the user quits or, if it is not on a terminal
/// or is told so, once. Returns the exit status. Throws UsageError if PROVISRD_URL is wrong.
[[nodiscard]] int run_top(const ClientOptions& options, const ClientOutput& output);

}  // namespace provisr::daemon
