#include "daemon/base/failure_text.hpp"
#include "daemon/base/log.hpp"
#include "daemon/base/log_writer.hpp"
#include "daemon/base/text.hpp"
#include "daemon/base/version.hpp"
#include "daemon/cli/client/commands.hpp"
#include "daemon/cli/options.hpp"
#include "daemon/cli/top/top.hpp"
#include "daemon/config/load.hpp"
#include "daemon/daemon.hpp"
#include "daemon/platform/blocked_signals.hpp"
#include "daemon/platform/own_process.hpp"
#include "daemon/platform/program_arguments.hpp"
#include "daemon/platform/service_manager.hpp"
#include "daemon/platform/standard_streams.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace provisr;
using namespace provisr::daemon;

constexpr int exit_bad_usage = 2;

[[nodiscard]] LogFormat error_format() {
  return writes_errors_to_journal() ? LogFormat::journal : LogFormat::dated;
}

/// Starts the log to standard error. Writing to it does not wait for a reader that stalls.
[[nodiscard]] std::unique_ptr<LogWriter> start_log() {
  const BlockedSignals blocked;
  return std::make_unique<LogWriter>(write_standard_error, LogWriter::default_capacity,
                                     error_format());
}

/// Writes the program's final error message. Does not block for long.
void report_error(const std::string& text) noexcept {
  try {
    const auto writer = start_log();
    writer->write(format_lines(LogLevel::error, text, writer->format()));
  } catch (...) {  // no thread or memory available
    static_cast<void>(write_standard_error(text));
  }
}

[[nodiscard]] int print(const std::string& text, const StandardStreams& streams) {
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (std::fflush(stdout) == 0 && is_written && streams.has_output) return EXIT_SUCCESS;
  report_error("provisrd: standard output cannot be written\n");
  return EXIT_FAILURE;
}

[[nodiscard]] std::vector<std::string> lines_of(const LoadedConfig& loaded, LogFormat format) {
  std::vector<std::string> lines;
  for (const ConfigNotice& fault : loaded.faults) {
    lines.push_back(format_lines(LogLevel::error, fault.to_string() + "\n", format));
  }
  for (const ConfigNotice& warning : loaded.warnings) {
    lines.push_back(format_lines(LogLevel::warn, warning.to_string() + " (warning)\n", format));
  }
  return lines;
}

/// Reads the configuration for a reload; command line options override it again.
[[nodiscard]] LoadedConfig load_again(const Options& options) {
  LoadedConfig loaded = load_config(options.config_file);
  try {
    apply_overrides(options, loaded.config);
  } catch (const UsageError& error) {
    loaded.faults.push_back(
        {.file = name_of(options.config_file), .key = {}, .text = error.what()});
  }
  return loaded;
}

[[nodiscard]] int serve(const Options& options) {
  const ServiceManager manager;
  LoadedConfig loaded = load_config(options.config_file);
  const std::unique_ptr<LogWriter> writer = start_log();
  for (std::string& line : lines_of(loaded, writer->format())) writer->write(std::move(line));
  if (!loaded.faults.empty()) return exit_bad_usage;
  apply_overrides(options, loaded.config);
  return run_daemon(loaded.config, Supervisor::Until::stopped, Log(options.log_level, *writer),
                    manager, [&options] { return load_again(options); });
}

[[nodiscard]] int run_command(const Options& options) {
  const ServiceManager manager;
  const Config config = run_config(options);
  const std::unique_ptr<LogWriter> writer = start_log();
  return run_daemon(config, Supervisor::Until::all_exited, Log(options.log_level, *writer),
                    manager);
}

/// Checks the configuration file. May block on the reader of its output, as any command line tool.
[[nodiscard]] int check(const Options& options, const StandardStreams& streams) {
  const LoadedConfig loaded = load_config(options.config_file);
  bool is_written = true;
  for (const std::string& line : lines_of(loaded, error_format())) {
    is_written = write_standard_error(line) && streams.has_error && is_written;
  }
  if (!loaded.faults.empty()) return exit_bad_usage;
  const int printed = print(fmt::format("{}: good\n", name_of(options.config_file)), streams);
  return is_written ? printed : EXIT_FAILURE;
}

/// Runs a client command. May block on the readers of its output, as check() does.
[[nodiscard]] int ask(const Options& options, const StandardStreams& streams) {
  const ClientOutput output{
      .print = [&](const std::string& text) { return print(text, streams) == EXIT_SUCCESS; },
      .report_error =
          [](const std::string& sentence) {
            static_cast<void>(write_standard_error(fmt::format("provisrd: {}\n", sentence)));
          }};
  if (options.action == Action::top) return run_top(options.client, output);
  return run_client_command(options, output);
}

[[nodiscard]] int run(const Options& options, const StandardStreams& streams) {
  switch (options.action) {
    case Action::help:
      return print(std::string(help_text()), streams);
    case Action::version:
      return print(fmt::format("provisrd {}\n", provisrd_version), streams);
    case Action::check:
      return check(options, streams);
    case Action::run:
      return run_command(options);
    case Action::status:
    case Action::start:
    case Action::stop:
    case Action::restart:
    case Action::reload:
    case Action::top:
      return ask(options, streams);
    case Action::serve:
      break;
  }
  return serve(options);
}

}  // namespace

int main(int argc, char** argv) {
  share_one_heap();
  const StandardStreams streams = prepare_standard_streams();
  try {
    const std::vector<std::string> arguments = program_arguments(argc, argv);
    const std::vector<std::string_view> words(arguments.begin(), arguments.end());
    return run(parse_options(words), streams);
  } catch (const UsageError& error) {
    report_error(usage_message(error));
    return exit_bad_usage;
  } catch (const std::exception& failure) {
    report_error(fmt::format("provisrd: {}\n", describe_failure(failure)));
    return EXIT_FAILURE;
  }
}
