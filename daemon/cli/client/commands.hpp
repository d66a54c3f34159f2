#pragma once

#include "daemon/cli/options.hpp"

#include <functional>
#include <string>

/// The client commands: each asks a running provisrd by its JSON API and shows what it answers.
namespace provisr::daemon {

/// Where a command's words go.
struct ClientOutput {
  /// Writes a text at once; returns false if it could not be written.
  std::function<bool(const std::string& text)> print;
  /// Shows one sentence about a failure.
  std::function<void(const std::string& sentence)> complain;
};

/// The exit statuses of client commands, beside EXIT_SUCCESS and EXIT_FAILURE.
inline constexpr int exit_not_running = 3;  ///< status alone
inline constexpr int exit_unknown_name = 4;

/// Runs the client command `options.action`, other than top, and returns the exit status.
/// Everything that it prints is safe for a terminal, whatever the server is. Throws UsageError if
/// PROVISRD_URL is wrong.
[[nodiscard]] int run_client_command(const Options& options, const ClientOutput& output);

/// The provisrd that the options, the environment or the default name. Throws UsageError.
[[nodiscard]] ServerUrl server_of(const ClientOptions& options);

/// Runs `command` and returns its exit status. A ClientFailure or an AnswerFault becomes a
/// sentence, safe for a terminal, and EXIT_FAILURE.
[[nodiscard]] int run_guarded(const ServerUrl& server, const ClientOutput& output,
                              const std::function<int(const ClientOutput& safe)>& command);

}  // namespace provisr::daemon
