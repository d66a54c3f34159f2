#pragma once

#include "daemon/cli/client/commands.hpp"

namespace provisr::daemon {

/// Runs `provisrd top`: shows a table on the full screen until the user quits. Prints it once if
/// the output is not a terminal or the options say so. Returns the exit status. Throws UsageError
/// if PROVISRD_URL is wrong.
[[nodiscard]] int run_top(const ClientOptions& options, const ClientOutput& output);

}  // namespace provisr::daemon
