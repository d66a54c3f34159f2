#pragma once

#include "daemon/cli/client/api_client.hpp"
#include "daemon/cli/client/commands.hpp"
#include "daemon/cli/client/status_report.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The client commands and their shared parts. Each function throws ClientFailure or InvalidAnswer
/// if it cannot continue. The caller then shows the sentence and returns EXIT_FAILURE.
namespace provisr::daemon {

[[nodiscard]] int run_status(const ApiClient& api, const ClientOptions& options,
                             const ClientOutput& output);

/// Runs start, stop or restart.
[[nodiscard]] int run_control(Action action, const ApiClient& api, const ClientOptions& options,
                              const ClientOutput& output);

[[nodiscard]] int run_reload(const ApiClient& api, const ClientOutput& output);

/// Returns the body of /status.
[[nodiscard]] std::string ask_status(const ApiClient& api);

/// Returns "there is no process or base "x"", with the nearest known name.
[[nodiscard]] std::string unknown_name(std::string_view name,
                                       const std::vector<ProcessReport>& processes);

}  // namespace provisr::daemon
