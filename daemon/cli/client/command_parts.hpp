#pragma once

#include "daemon/cli/client/api_client.hpp"
#include "daemon/cli/client/commands.hpp"
#include "daemon/cli/client/status_report.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What the client commands are made of. Each throws ClientFailure or AnswerFault if it cannot go
/// on; the caller shows the sentence and returns EXIT_FAILURE.
namespace provisr::daemon {

[[nodiscard]] int run_status(const ApiClient& api, const ClientOptions& options,
                             const ClientOutput& output);

/// Start, stop or restart.
[[nodiscard]] int run_control(Action action, const ApiClient& api, const ClientOptions& options,
                              const ClientOutput& output);

[[nodiscard]] int run_reload(const ApiClient& api, const ClientOutput& output);

/// The body of /status.
[[nodiscard]] std::string ask_status(const ApiClient& api);

/// "there is no process or base "x"", with the nearest one that there is.
[[nodiscard]] std::string unknown_name(std::string_view name,
                                       const std::vector<ProcessReport>& processes);

}  // namespace provisr::daemon
