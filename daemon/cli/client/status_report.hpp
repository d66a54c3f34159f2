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

/// The shown part of an entry of /api/status. Texts are as received.
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
  /// The output files, as paths on the machine of provisrd. Empty if not known.
  std::string stdout_file = {};
  std::string stderr_file = {};

  [[nodiscard]] bool is_running() const { return state == "running"; }
};

/// The current usage of a process. A value that is not known is absent.
struct UsageReport {
  std::optional<double> cpu_percent;
  std::optional<double> memory_mb;
  std::optional<std::uint64_t> threads;
  std::optional<std::uint64_t> descriptors;
  std::optional<double> memory_peak_mb = {};     ///< from the kernel
  std::optional<double> memory_highest_mb = {};  ///< in the stored history
};

/// The machine that provisrd runs on, from /api/status. A value that is not known is absent.
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

/// Parses an answer of /api/status and keeps its order. Throws InvalidAnswer if it is not such an
/// answer.
[[nodiscard]] std::vector<ProcessReport> parse_status(std::string_view json);

/// Parses the machine in the same answer. All values are absent if the answer has no machine.
[[nodiscard]] ServerMachine parse_machine(std::string_view json);

/// Parses the sample in an answer of /api/metrics?name=. All values are absent if there is none.
[[nodiscard]] UsageReport parse_usage(std::string_view json);

/// Returns the process with this name, or else the processes with this base.
[[nodiscard]] std::vector<const ProcessReport*> find_processes(
    std::span<const ProcessReport> processes, std::string_view name);

/// Returns `{"processes": [...]}` with the entries of the answer `json` that have one of `names`,
/// unchanged. Throws InvalidAnswer.
[[nodiscard]] std::string filter_status(std::string_view json,
                                        const std::vector<std::string>& names);

/// Returns a head and one line for each process. Leaves out columns without values, except those
/// that are always shown.
[[nodiscard]] std::string status_table(std::span<const ProcessReport> processes);

/// Parses the largest "memory_mb" in an answer of /api/metrics/summary; absent if there is none.
[[nodiscard]] std::optional<double> parse_highest_memory(std::string_view json);

/// Returns all that is known about one process, one fact per line. `exits` are the latest, the
/// newest first.
[[nodiscard]] std::string status_block(const ProcessReport& process, const UsageReport& usage,
                                       std::span<const ExitReport> exits = {},
                                       std::span<const LogTail> logs = {});

/// The indentation of log lines in status_block(), in columns.
inline constexpr std::size_t log_indentation = 14;

}  // namespace provisr::daemon
