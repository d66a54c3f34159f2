#include "daemon/cli/options.hpp"

#include "daemon/base/text.hpp"
#include "daemon/cli/command_line.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace provisr::daemon {
namespace {

struct Command {
  std::string_view word;
  Action action;
};

constexpr auto commands = std::to_array<Command>({
    {"run", Action::run},
    {"status", Action::status},
    {"start", Action::start},
    {"stop", Action::stop},
    {"restart", Action::restart},
    {"reload", Action::reload},
    {"top", Action::top},
});

[[nodiscard]] const Command* find_command(std::string_view word) {
  const auto* const found = std::find_if(commands.begin(), commands.end(),
                                         [&](const Command& one) { return one.word == word; });
  return found == commands.end() ? nullptr : found;
}

void set_value(const Option& option, std::string_view value, CommandLine& line) {
  try {
    option.set_value(value, line);
  } catch (const std::exception& error) {
    throw UsageError(fmt::format("{}: {}", option.name, error.what()));
  }
}

class Parser {
 public:
  explicit Parser(std::span<const std::string_view> arguments) : rest_(arguments) {}

  Options parse() {
    while (!rest_.empty() && !asks_for_text()) {
      const std::string_view word = take();
      if (word == "--") {
        take_all_words();
      } else if (word.starts_with('-') && word != "-") {
        take_option(word);
      } else {
        take_word(word);
      }
    }
    if (!asks_for_text()) check();
    return std::move(line_.options);
  }

 private:
  [[nodiscard]] Action& action() { return line_.options.action; }

  /// Returns whether --help or --version was given. They end the parsing: the rest is ignored.
  [[nodiscard]] bool asks_for_text() {
    return action() == Action::help || action() == Action::version;
  }

  std::string_view take() {
    const std::string_view word = rest_.front();
    rest_ = rest_.subspan(1);
    return word;
  }

  void take_option(std::string_view word) {
    const std::size_t equals = word.find('=');
    const Option& option = find_option(word.substr(0, equals));
    const bool has_value = equals != std::string_view::npos;
    if (option.set_value == nullptr) {
      if (has_value) throw UsageError(fmt::format("{} takes no value", option.name));
      take_switch(option);
    } else if (has_value) {
      set_value(option, word.substr(equals + 1), line_);
    } else {
      if (rest_.empty()) throw UsageError(fmt::format("{} needs a value", option.name));
      set_value(option, take(), line_);
    }
    line_.given.push_back(&option);
  }

  void take_switch(const Option& option) {
    if (option.set != nullptr) return option.set(line_);
    if (option.action == Action::check) refuse_check_of_command();
    action() = option.action;
  }

  void refuse_check_of_command() {
    const std::string_view command = command_of(action());
    if (command.empty()) return;
    throw UsageError(fmt::format("--check is for a configuration file, not for '{}'", command));
  }

  /// Takes a word that is not an option: a command, an argument of a command, or the configuration
  /// file.
  void take_word(std::string_view word) {
    if (action() == Action::run) return take_program(word);
    if (is_client_command(action())) return take_name(word);
    const Command* const command = find_command(word);
    if (command == nullptr || is_file(*command)) return set_config_file(word, line_);
    if (action() == Action::check) {
      throw UsageError(fmt::format("--check is for a configuration file, not for '{}'", word));
    }
    action() = command->action;
  }

  /// Returns whether the word of `command` is a file name here. A client command must be the first
  /// word, so that a file of that name can be checked, or be reported as one file too many.
  [[nodiscard]] bool is_file(const Command& command) {
    return is_client_command(command.action) &&
           (action() == Action::check || !line_.options.config_file.empty());
  }

  /// Takes the words after "--", none of which is an option or a command.
  void take_all_words() {
    if (action() == Action::run && !rest_.empty()) take_program(take());
    while (!rest_.empty()) {
      if (is_client_command(action())) {
        take_name(take());
      } else {
        set_config_file(take(), line_);
      }
    }
  }

  void take_program(std::string_view program) {
    if (program.empty()) throw UsageError("the command to run is empty");
    line_.options.command.emplace_back(program);
    while (!rest_.empty()) line_.options.command.emplace_back(take());
  }

  void take_name(std::string_view name) {
    if (const auto fault = fault_in_name(name); !fault.empty()) throw UsageError(fault);
    std::vector<std::string>& names = line_.options.client.names;
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }

  void check() {
    if (action() == Action::run && line_.has("--config")) refuse_file();
    check_scopes(line_);
    if (action() == Action::run) {
      check_run();
    } else if (is_client_command(action())) {
      check_client();
    } else if (line_.options.config_file.empty()) {
      throw UsageError("no configuration file; name one, or use 'provisrd run COMMAND'");
    }
  }

  [[noreturn]] static void refuse_file() { throw UsageError("'run' takes no configuration file"); }

  void check_run() {
    Options& options = line_.options;
    if (!options.config_file.empty()) refuse_file();
    if (options.command.empty()) throw UsageError("'run' needs a command");
    if (!line_.has("--name")) {
      options.name = name_of(path_of(options.command.front()).filename());
      if (!is_valid_process_name(options.name)) throw UsageError(no_name_in_command());
    }
    if (options.instances > 1 &&
        !is_valid_process_name(fmt::format("{}-{}", options.name, options.instances))) {
      throw UsageError(fmt::format("the name \"{}\" is too long for {} instances", options.name,
                                   options.instances));
    }
  }

  [[nodiscard]] std::string no_name_in_command() const {
    const Options& options = line_.options;
    const bool is_line = options.command.size() == 1 && options.name.find(' ') != std::string::npos;
    return fmt::format("\"{}\" is not a process name; give one with --name{}", options.name,
                       is_line ? ", or each argument as a word of its own, without quotes" : "");
  }

  void check_client() {
    const std::vector<std::string>& names = line_.options.client.names;
    if (action() == Action::reload) {
      if (!names.empty()) throw UsageError("'reload' takes no name: it reads the whole file again");
    } else if (action() != Action::status && action() != Action::top && names.empty()) {
      throw UsageError(
          fmt::format("'{}' needs the name of a process or base", command_of(action())));
    }
    if (line_.has("--wait") && line_.has("--no-wait")) {
      throw UsageError("--wait and --no-wait exclude each other");
    }
    if (line_.socket) apply_socket();
  }

  /// Applies --socket. A --url beside it only sets the base path of the API.
  void apply_socket() {
    std::optional<ServerUrl>& server = line_.options.client.server;
    if (server && server->address.is_unix_socket()) {
      throw UsageError("--socket and a --url of a socket exclude each other");
    }
    if (!server) server.emplace();
    server->address = *line_.socket;
  }

  std::span<const std::string_view> rest_;
  CommandLine line_;
};

}  // namespace

std::string_view command_of(Action action) {
  const auto* const found = std::find_if(commands.begin(), commands.end(),
                                         [&](const Command& one) { return one.action == action; });
  return found == commands.end() ? std::string_view() : found->word;
}

bool is_client_command(Action action) {
  return action != Action::run && !command_of(action).empty();
}

Options parse_options(std::span<const std::string_view> arguments) {
  return Parser(arguments).parse();
}

Config run_config(const Options& options) {
  Config config;
  ProcessConfig process;
  process.name = options.name;
  process.argv = options.command;
  process.instances = options.instances;
  config.processes.push_back(std::move(process));
  apply_overrides(options, config);
  return config;
}

void apply_overrides(const Options& options, Config& config) {
  if (options.interval) config.metrics.collection.interval = *options.interval;
  if (options.listen) config.server.listen = *options.listen;
  if (options.metrics_listen) config.metrics.listen = *options.metrics_listen;
  if (config.metrics.enabled && clash(config.server.listen, config.metrics.listen)) {
    throw UsageError(fmt::format("the JSON API's address {} clashes with that of Prometheus, {}",
                                 config.server.listen.to_string(),
                                 config.metrics.listen.to_string()));
  }
}

std::string usage_message(const UsageError& error) {
  return fmt::format("provisrd: {}\ntry 'provisrd --help'\n", escape_controls(error.what()));
}

}  // namespace provisr::daemon
