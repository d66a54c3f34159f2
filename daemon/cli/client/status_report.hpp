#pragma once

#include "daemon/cli/client/exit_report.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// An entry of /api/status, as far as people are shown it. Texts are as received.
struct ProcessReport {
  struct LastExit {
    std::string description;
    std::string at;
  };

  std::string name;
  std::string kind;
  std::string state;
  std::optional<std::uint64_t> pid;
  std::string started_at;
  std::optional<std::chrono::seconds> uptime;
  std::optional<std::uint64_t> restarts;
  std::optional<LastExit> last_exit;
  std::string last_error;
  std::string over_limits;  ///< in words
  /// What its output is appended to, as the machine of provisrd names it; empty: not told.
  std::string stdout_file = {};
  std::string stderr_file = {};

  [[nodiscard]] bool is_running() const { return state == "running"; }
};

/// What a process uses now; what is not known is absent.
struct UsageReport {
  std::optional<double> cpu_percent;
  std::optional<double> memory_mb;
  std::optional<std::uint64_t> threads;
  std::optional<std::uint64_t> descriptors;
  std::optional<double> memory_peak_mb = {};     ///< of the process, as the kernel counts it
  std::optional<double> memory_highest_mb = {};  ///< in the history that is kept
};

/// What provisrd runs on, as /api/status tells it; what is not told is absent.
struct ServerMachine {
  std::string name;
  std::optional<double> cpus;
  std::optional<double> memory_mb;
};

/// The end of a log, safe for a terminal.
struct LogTail {
  std::string label;  ///< "Stdout"
  std::string file;
  std::vector<std::string> lines;
};

/// The processes of an answer of /api/status, in its order. Throws AnswerFault if it is none.
[[nodiscard]] std::vector<ProcessReport> parse_status(std::string_view json);

/// Of the same answer; all absent if it tells nothing of it.
[[nodiscard]] ServerMachine parse_machine(std::string_view json);

/// A sample of an answer of /api/metrics?name=; all absent if it is none.
[[nodiscard]] UsageReport parse_usage(std::string_view json);

/// The processes of that name, or else those of that base.
[[nodiscard]] std::vector<const ProcessReport*> find_processes(
    std::span<const ProcessReport> processes, std::string_view name);

/// The entries of the answer `json` whose names are given, as the answer tells them:
/// `{"processes": [...]}`. Throws AnswerFault.
[[nodiscard]] std::string filter_status(std::string_view json,
                                        const std::vector<std::string>& names);

/// One line for each process below a headline. Columns that nobody has a value for are left out.
[[nodiscard]] std::string status_table(std::span<const ProcessReport> processes);

/// The largest "memory_mb" of an answer of /api/metrics/summary; absent if it tells none.
[[nodiscard]] std::optional<double> parse_highest_memory(std::string_view json);

/// All that is known of one process, a line each; `exits` are its latest ones, the newest first.
[[nodiscard]] std::string status_block(const ProcessReport& process, const UsageReport& usage,
                                       std::span<const ExitReport> exits = {},
                                       std::span<const LogTail> logs = {});

/// How far the lines of a log are indented in a block.
inline constexpr std::size_t log_indentation = 14;

}  // namespace provisr::daemon
