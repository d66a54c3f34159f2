#include "daemon/cli/client/commands.hpp"

#include "daemon/cli/client/api_client.hpp"
#include "daemon/cli/client/command_parts.hpp"
#include "daemon/cli/client/json_answer.hpp"
#include "daemon/cli/client/terminal_text.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace provisr::daemon {
namespace {

constexpr const char* url_variable = "PROVISRD_URL";

[[nodiscard]] int run_action(Action action, const ApiClient& api, const ClientOptions& options,
                             const ClientOutput& output) {
  switch (action) {
    case Action::status:
      return run_status(api, options, output);
    case Action::start:
    case Action::stop:
    case Action::restart:
      return run_control(action, api, options, output);
    case Action::reload:
      return run_reload(api, output);
    default:
      throw std::logic_error("not a client command");
  }
}

}  // namespace

ServerUrl server_of(const ClientOptions& options) {
  if (options.server) return *options.server;
  const char* const url = std::getenv(url_variable);
  if (url == nullptr || *url == '\0') return {};
  try {
    return parse_server_url(url);
  } catch (const std::invalid_argument& fault) {
    throw UsageError(fmt::format("{}: {}", url_variable, fault.what()));
  }
}

int run_guarded(const ServerUrl& server, const ClientOutput& output,
                const std::function<int(const ClientOutput& safe)>& command) {
  const ClientOutput safe{.print = output.print, .report_error = [&](const std::string& sentence) {
                            output.report_error(printable(sentence));
                          }};
  try {
    return command(safe);
  } catch (const ClientFailure& failure) {
    safe.report_error(failure.what());
  } catch (const InvalidAnswer& fault) {
    safe.report_error(fmt::format("{}: {}", server.to_string(), fault.what()));
  }
  return EXIT_FAILURE;
}

int run_client_command(const Options& options, const ClientOutput& output) {
  const ClientOptions& client = options.client;
  const ServerUrl server = server_of(client);
  return run_guarded(server, output, [&](const ClientOutput& safe) {
    const std::string token = client.token_file.empty() ? "" : read_token(client.token_file);
    return run_action(options.action, ApiClient(server, token), client, safe);
  });
}

}  // namespace provisr::daemon
