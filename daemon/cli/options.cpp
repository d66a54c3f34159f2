#include "daemon/cli/options.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/listen_address.hpp"
#include "daemon/config/rules.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

/// The options parsed so far.
struct CommandLine {
  Options options;
  bool name_given = false;
  bool instances_given = false;
};

/// An option: it takes a value if it has `set`, and selects `action` otherwise.
struct Option {
  std::string_view name;
  void (*set)(std::string_view value, CommandLine& line) = nullptr;
  Action action = Action::serve;
};

void set_config(std::string_view value, CommandLine& line) {
  if (value.empty()) throw UsageError("the configuration file's name is empty");
  if (!line.options.config_file.empty()) {
    throw UsageError(fmt::format("more than one configuration file: \"{}\" and \"{}\"",
                                 name_of(line.options.config_file), value));
  }
  line.options.config_file = path_of(value);
}

void set_log_level(std::string_view value, CommandLine& line) {
  const auto level = parse_log_level(value);
  if (!level) throw UsageError(fmt::format("must be debug, info, warn or error, is \"{}\"", value));
  line.options.log_level = *level;
}

void set_interval(std::string_view value, CommandLine& line) {
  const auto interval = parse_duration(value);
  if (const auto fault = fault_in(interval, interval_limits); !fault.empty()) {
    throw UsageError(fault);
  }
  line.options.interval = interval;
}

void set_name(std::string_view value, CommandLine& line) {
  if (const auto fault = fault_in_name(value); !fault.empty()) throw UsageError(fault);
  line.options.name = value;
  line.name_given = true;
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
  line.instances_given = true;
}

constexpr std::array<Option, 10> known_options{{
    {"--config", set_config},
    {"--listen", [](std::string_view value,
                    CommandLine& d) { d.options.listen = parse_listen_address(value); }},
    {"--metrics-listen",
     [](std::string_view value, CommandLine& d) {
       d.options.metrics_listen = parse_listen_address(value);
     }},
    {"--interval", set_interval},
    {"--log-level", set_log_level},
    {"--name", set_name},
    {"--instances", set_instances},
    {"--check", nullptr, Action::check},
    {"--help", nullptr, Action::help},
    {"--version", nullptr, Action::version},
}};

const Option& find_option(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Option& option : known_options) {
    if (option.name == name) return option;
    names.push_back(option.name);
  }
  throw UsageError(fmt::format("unknown option \"{}\"{}", name, did_you_mean(name, names)));
}

void set_value(const Option& option, std::string_view value, CommandLine& line) {
  try {
    option.set(value, line);
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

  /// --help and --version end the parsing: whatever follows is ignored.
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
    if (option.set == nullptr) {
      if (has_value) throw UsageError(fmt::format("{} takes no value", option.name));
      set_action(option.action);
    } else if (has_value) {
      set_value(option, word.substr(equals + 1), line_);
    } else {
      if (rest_.empty()) throw UsageError(fmt::format("{} needs a value", option.name));
      set_value(option, take(), line_);
    }
  }

  void set_action(Action wanted) {
    if (wanted == Action::check && action() == Action::run) refuse_check_of_run();
    action() = wanted;
  }

  [[noreturn]] static void refuse_check_of_run() {
    throw UsageError("--check is for a configuration file, not for 'run'");
  }

  /// Takes a word that is not an option: 'run', its command, or the configuration file.
  void take_word(std::string_view word) {
    if (action() == Action::run) {
      take_command(word);
    } else if (word == "run") {
      if (action() == Action::check) refuse_check_of_run();
      action() = Action::run;
    } else {
      set_config(word, line_);
    }
  }

  /// After "--", no word is an option or 'run'.
  void take_all_words() {
    if (action() == Action::run && !rest_.empty()) take_command(take());
    while (!rest_.empty()) set_config(take(), line_);
  }

  void take_command(std::string_view program) {
    if (program.empty()) throw UsageError("the command to run is empty");
    line_.options.command.emplace_back(program);
    while (!rest_.empty()) line_.options.command.emplace_back(take());
  }

  void check() {
    if (action() == Action::run) {
      check_run();
      return;
    }
    if (line_.name_given) throw UsageError("--name is for 'provisrd run' only");
    if (line_.instances_given) throw UsageError("--instances is for 'provisrd run' only");
    if (line_.options.config_file.empty()) {
      throw UsageError("no configuration file; name one, or use 'provisrd run COMMAND'");
    }
  }

  void check_run() {
    Options& options = line_.options;
    if (!options.config_file.empty()) throw UsageError("'run' takes no configuration file");
    if (options.command.empty()) throw UsageError("'run' needs a command");
    if (!line_.name_given) {
      options.name = name_of(path_of(options.command.front()).filename());
      if (!is_valid_process_name(options.name)) {
        throw UsageError(
            fmt::format("\"{}\" is not a process name; give one with --name", options.name));
      }
    }
    if (options.instances > 1 &&
        !is_valid_process_name(fmt::format("{}-{}", options.name, options.instances))) {
      throw UsageError(fmt::format("the name \"{}\" is too long for {} instances", options.name,
                                   options.instances));
    }
  }

  std::span<const std::string_view> rest_;
  CommandLine line_;
};

}  // namespace

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
