#pragma once

#include "daemon/cli/options.hpp"

#include <functional>
#include <string>

/// The client commands: each asks a running provisrd through its JSON API and shows the answer.
namespace provisr::daemon {

/// The output of a command.
struct ClientOutput {
  /// Writes a text without delay. Returns false if it cannot be written.
  std::function<bool(const std::string& text)> print;
  /// Shows one sentence about a failure.
  std::function<void(const std::string& sentence)> report_error;
};

/// The exit statuses of client commands in addition to EXIT_SUCCESS and EXIT_FAILURE.
inline constexpr int exit_not_running = 3;  ///< only from status
inline constexpr int exit_unknown_name = 4;

/// Runs the client command `options.action`, except top, and returns the exit status. All output is
/// safe for a terminal, even if the server is hostile. Throws UsageError if PROVISRD_URL is wrong.
[[nodiscard]] int run_client_command(const Options& options, const ClientOutput& output);

/// Returns the provisrd named by the options, else by the environment, else the default. Throws
/// UsageError.
[[nodiscard]] ServerUrl server_of(const ClientOptions& options);

/// Runs `command` and returns its exit status. If it throws ClientFailure or InvalidAnswer, shows
/// the sentence, safe for a terminal, and returns EXIT_FAILURE.
[[nodiscard]] int run_guarded(const ServerUrl& server, const ClientOutput& output,
                              const std::function<int(const ClientOutput& safe)>& command);

}  // namespace provisr::daemon
