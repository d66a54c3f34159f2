#include "daemon/base/text.hpp"
#include "daemon/cli/client/command_parts.hpp"
#include "daemon/cli/client/log_tail.hpp"
#include "daemon/cli/client/terminal_text.hpp"
#include "daemon/platform/listen_socket.hpp"
#include "daemon/platform/terminal.hpp"

#include <provisr/process_name.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

using Chosen = std::vector<const ProcessReport*>;

[[nodiscard]] std::string everything(const std::string& answer, bool as_json) {
  const std::vector<ProcessReport> processes = parse_status(answer);
  if (as_json) return printable_json(answer) + "\n";
  return processes.empty() ? "no processes\n" : status_table(processes);
}

/// The details of one process that its status lacks. Best effort: collection may be disabled, a
/// process may have ended, and a server that does not answer is not asked again.
class Details {
 public:
  explicit Details(const ApiClient& api) : api_(api) {}

  [[nodiscard]] UsageReport usage_of(const ProcessReport& process) {
    if (!process.is_running() || !is_valid_process_name(process.name)) return {};
    UsageReport usage = parse_usage(ask("/metrics?name=" + process.name));
    if (usage.memory_mb && !usage.memory_peak_mb) {
      usage.memory_highest_mb = parse_highest_memory(
          ask(fmt::format("/metrics/summary?name={}&window=24h", process.name)));
    }
    return usage;
  }

  [[nodiscard]] std::vector<ExitReport> exits_of(const ProcessReport& process) {
    constexpr std::size_t shown = 5;
    if (!is_valid_process_name(process.name)) return {};
    std::vector<ExitReport> exits = parse_exits(ask("/exits?name=" + process.name));
    if (exits.size() > shown) exits.resize(shown);
    return exits;
  }

 private:
  /// Returns the body of an answer with status 200; empty otherwise.
  [[nodiscard]] std::string ask(const std::string& route) {
    if (!is_answering_) return {};
    try {
      HttpResponse received = api_.get(route);
      if (received.status == 200) return std::move(received.body);
    } catch (const ClientFailure&) {
      is_answering_ = false;
    }
    return {};
  }

  const ApiClient& api_;
  bool is_answering_ = true;
};

/// Compares the machine's name, too, because a local address may be a tunnel or a published port of
/// a container.
[[nodiscard]] bool is_of_this_machine(const ApiClient& api, const std::string& answer) {
  const std::string name = parse_machine(answer).name;
  return api.is_local() && !name.empty() && name == host_name();
}

[[nodiscard]] std::size_t log_columns() {
  constexpr std::size_t of_a_file = 300;
  if (!is_output_terminal()) return of_a_file;
  const auto columns = static_cast<std::size_t>(std::max(output_terminal_size().columns, 0));
  return std::max<std::size_t>(columns, 2 * log_indentation) - log_indentation;
}

[[nodiscard]] std::string blocks(const Chosen& chosen, const ApiClient& api,
                                 const std::string& answer) {
  Details details(api);
  const bool has_logs = is_of_this_machine(api, answer);
  std::string text;
  for (const ProcessReport* const process : chosen) {
    if (!text.empty()) text += '\n';
    const UsageReport usage = details.usage_of(*process);
    const auto logs = has_logs ? log_tails_of(*process, log_columns()) : std::vector<LogTail>();
    text += status_block(*process, usage, details.exits_of(*process), logs);
  }
  return text;
}

[[nodiscard]] std::string json_of(const Chosen& chosen, const std::string& answer) {
  std::vector<std::string> names;
  for (const ProcessReport* const process : chosen) names.push_back(process->name);
  return printable_json(filter_status(answer, names)) + "\n";
}

/// Processes in the order in which they were named, each once.
class ChosenOnce {
 public:
  void add(const Chosen& found) {
    for (const ProcessReport* const process : found) {
      if (known_.insert(process).second) all_.push_back(process);
    }
  }
  [[nodiscard]] const Chosen& all() const { return all_; }

 private:
  Chosen all_;
  std::unordered_set<const ProcessReport*> known_;
};

[[nodiscard]] bool all_run(const Chosen& chosen) {
  return std::all_of(chosen.begin(), chosen.end(),
                     [](const ProcessReport* one) { return one->is_running(); });
}

[[nodiscard]] int run_status_of_names(const ApiClient& api, const ClientOptions& options,
                                      const ClientOutput& output, const std::string& answer) {
  const std::vector<ProcessReport> processes = parse_status(answer);
  ChosenOnce once;
  bool is_one_unknown = false;
  for (const std::string& name : options.names) {
    const Chosen found = find_processes(processes, name);
    if (found.empty()) {
      output.report_error(unknown_name(name, processes));
      is_one_unknown = true;
    }
    once.add(found);
  }
  const Chosen& chosen = once.all();
  if (!chosen.empty() || options.json) {
    if (!output.print(options.json ? json_of(chosen, answer) : blocks(chosen, api, answer))) {
      return EXIT_FAILURE;
    }
  }
  if (is_one_unknown) return exit_unknown_name;
  return all_run(chosen) ? EXIT_SUCCESS : exit_not_running;
}

}  // namespace

int run_status(const ApiClient& api, const ClientOptions& options, const ClientOutput& output) {
  const std::string answer = ask_status(api);
  if (!options.names.empty()) return run_status_of_names(api, options, output, answer);
  return output.print(everything(answer, options.json)) ? EXIT_SUCCESS : EXIT_FAILURE;
}

std::string ask_status(const ApiClient& api) {
  HttpResponse received = api.get("/status");
  if (received.status == 404) {
    throw ClientFailure(api.refusal(received) + "; the path of --url is the API's base path");
  }
  if (received.status != 200) throw ClientFailure(api.refusal(received));
  return std::move(received.body);
}

std::string unknown_name(std::string_view name, const std::vector<ProcessReport>& processes) {
  std::vector<std::string_view> names;
  for (const ProcessReport& process : processes) names.emplace_back(process.name);
  return fmt::format("there is no process or base \"{}\"{}", name, did_you_mean(name, names));
}

}  // namespace provisr::daemon
