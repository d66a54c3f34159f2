#include "daemon/cli/command_line.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace provisr::daemon {
namespace {

void set_log_level(std::string_view value, CommandLine& line) {
  const auto level = parse_log_level(value);
  if (!level) throw UsageError(fmt::format("must be debug, info, warn or error, is \"{}\"", value));
  line.options.log_level = *level;
}

/// For 'top': a shorter interval would cost more than it shows.
constexpr std::chrono::milliseconds shortest_refresh{100};

void set_interval(std::string_view value, CommandLine& line) {
  const auto interval = parse_duration(value);
  if (const auto fault = fault_in(interval, interval_limits); !fault.empty()) {
    throw UsageError(fault);
  }
  line.options.interval = interval;
  line.options.client.refresh = std::max(interval, shortest_refresh);
}

void set_listen(std::string_view value, CommandLine& line) {
  line.options.listen = parse_listen_address(value);
}

void set_metrics_listen(std::string_view value, CommandLine& line) {
  line.options.metrics_listen = parse_listen_address(value);
}

void set_name(std::string_view value, CommandLine& line) {
  if (const auto fault = fault_in_name(value); !fault.empty()) throw UsageError(fault);
  line.options.name = value;
}

void set_instances(std::string_view value, CommandLine& line) {
  std::int64_t instances = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), instances);
  if (error != std::errc() || end != value.data() + value.size()) {
    throw UsageError(fmt::format("must be a number, is \"{}\"", value));
  }
  if (const auto fault = fault_in(instances, instances_limits); !fault.empty()) {
    throw UsageError(fault);
  }
  line.options.instances = static_cast<int>(instances);
}

void set_url(std::string_view value, CommandLine& line) {
  line.options.client.server = parse_server_url(value);
}

void set_socket(std::string_view value, CommandLine& line) {
  line.socket = parse_socket_path(value);
}

void set_token_file(std::string_view value, CommandLine& line) {
  if (value.empty()) throw UsageError("the file's name is empty");
  line.options.client.token_file = path_of(value);
}

void set_wait(std::string_view value, CommandLine& line) {
  const auto wait = parse_duration(value);
  if (const auto fault = fault_in(wait, wait_limits); !fault.empty()) throw UsageError(fault);
  line.options.client.wait = wait;
}

void set_no_wait(CommandLine& line) {
  line.options.client.wait = {};
}

void set_json(CommandLine& line) {
  line.options.client.json = true;
}

void set_once(CommandLine& line) {
  line.options.client.once = true;
}

constexpr auto known_options = std::to_array<Option>({
    {"--config", Scope::daemon, set_config_file},
    {"--listen", Scope::daemon, set_listen},
    {"--metrics-listen", Scope::daemon, set_metrics_listen},
    {"--interval", Scope::interval, set_interval},
    {"--log-level", Scope::daemon, set_log_level},
    {"--name", Scope::run, set_name},
    {"--instances", Scope::run, set_instances},
    {"--url", Scope::client, set_url},
    {"--socket", Scope::client, set_socket},
    {"--token-file", Scope::client, set_token_file},
    {"--wait", Scope::control, set_wait},
    {"--no-wait", Scope::control, nullptr, set_no_wait},
    {"--json", Scope::status, nullptr, set_json},
    {"--once", Scope::top, nullptr, set_once},
    {"--check", Scope::file, nullptr, nullptr, Action::check},
    {"--help", Scope::anything, nullptr, nullptr, Action::help},
    {"-h", Scope::anything, nullptr, nullptr, Action::help},
    {"--version", Scope::anything, nullptr, nullptr, Action::version},
});

[[nodiscard]] bool is_in(Scope scope, Action action) {
  switch (scope) {
    case Scope::anything:
      return true;
    case Scope::daemon:
      return !is_client_command(action);
    case Scope::interval:
      return !is_client_command(action) || action == Action::top;
    case Scope::file:
      return action == Action::serve || action == Action::check;
    case Scope::run:
      return action == Action::run;
    case Scope::client:
      return is_client_command(action);
    case Scope::status:
      return action == Action::status || action == Action::top;
    case Scope::top:
      return action == Action::top;
    case Scope::control:
      return action == Action::start || action == Action::stop || action == Action::restart;
  }
  return false;
}

/// Returns the words that follow "is for" in a sentence about an option.
[[nodiscard]] std::string_view subject_of(Scope scope) {
  switch (scope) {
    case Scope::run:
      return "'provisrd run' only";
    case Scope::client:
      return "the commands that ask a running provisrd only: status, start, stop, restart, reload, "
             "top";
    case Scope::status:
      return "'provisrd status' and 'top' only";
    case Scope::top:
      return "'provisrd top' only";
    case Scope::control:
      return "'provisrd start', 'stop' and 'restart' only";
    case Scope::file:
    case Scope::daemon:
    case Scope::interval:
    case Scope::anything:
      break;
  }
  return "a provisrd that runs processes, not for a command that asks one";
}

}  // namespace

bool CommandLine::has(std::string_view option) const {
  return std::any_of(given.begin(), given.end(),
                     [&](const Option* one) { return one->name == option; });
}

const Option& find_option(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Option& option : known_options) {
    if (option.name == name) return option;
    if (option.name.starts_with("--")) names.push_back(option.name);  // -x is not near to -h
  }
  throw UsageError(fmt::format("unknown option \"{}\"{}", name, did_you_mean(name, names)));
}

void check_scopes(const CommandLine& line) {
  for (const Option* option : line.given) {
    if (is_in(option->scope, line.options.action)) continue;
    throw UsageError(fmt::format("{} is for {}", option->name, subject_of(option->scope)));
  }
}

void set_config_file(std::string_view name, CommandLine& line) {
  if (name.empty()) throw UsageError("the configuration file's name is empty");
  if (!line.options.config_file.empty()) {
    throw UsageError(fmt::format("more than one configuration file: \"{}\" and \"{}\"",
                                 name_of(line.options.config_file), name));
  }
  line.options.config_file = path_of(name);
}

}  // namespace provisr::daemon
