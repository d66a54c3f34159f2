#pragma once

#include "daemon/cli/client/exit_report.hpp"
#include "daemon/cli/client/status_report.hpp"
#include "daemon/cli/top/growth.hpp"

#include <provisr/process_metrics.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What `provisrd top` knows. All texts are as received.
namespace provisr::daemon {

/// A sample of one process, as far as it is shown.
struct TopSample {
  UsageReport usage;
  std::string timestamp;  ///< RFC 3339, UTC
};
using TopSamples = std::map<std::string, TopSample, std::less<>>;

/// CPU in percent of a core, the oldest first; absent for a gap in which there was no process.
struct CpuHistory {
  static constexpr std::size_t longest = 240;

  std::deque<std::optional<double>> values;
  std::string newest;  ///< the timestamp of the last value

  void add(std::optional<double> value);
};

/// The processes of an answer of /api/metrics; none if it is no such answer.
[[nodiscard]] TopSamples parse_samples(std::string_view json);

/// The rows of an answer of /api/metrics/history with the fields "cpu_percent" and "pid".
[[nodiscard]] CpuHistory parse_cpu_history(std::string_view json);

/// The memory of the newest process in the rows of such an answer, which have "memory_mb", too.
[[nodiscard]] MemoryHistory parse_memory_history(std::string_view json);

/// What was answered in one round.
struct Look {
  std::vector<ProcessReport> processes;
  TopSamples samples;
  std::vector<ExitReport> exits;  ///< of the last `problem_window`, the newest first
  std::map<std::string, CpuHistory> histories;
  std::map<std::string, MemoryHistory> memories;
  ServerMachine machine;
  std::string unmeasured;  ///< if not empty, why there are no samples
  std::string failure;     ///< if not empty, why there is no answer; the rest is empty then
};

/// Ends of processes are told that long as problems.
inline constexpr std::chrono::minutes problem_window{10};

struct TopProcess {
  ProcessReport report;
  UsageReport usage;
  CpuHistory cpu;
  MemoryHistory memory;  ///< of the process that runs
};

/// What somebody should look at, in words, without the name.
struct Problem {
  std::string name;
  std::string text;
  bool is_down = false;
};

struct Totals {
  std::size_t up = 0;
  std::size_t waiting = 0;  ///< on the way up or down again: backoff, stopping
  std::size_t down = 0;
  std::size_t stopped = 0;            ///< by a command, or at its good end
  std::optional<double> cpu_percent;  ///< of what is known; empty if something runs and nothing is
  std::optional<double> memory_mb;
};

enum class StateKind { up, waiting, down, stopped };

/// One that has ended well is as one that was stopped.
[[nodiscard]] StateKind kind_of(const ProcessReport& report);

/// Everything that a frame shows.
struct Board {
  std::string server;
  std::vector<TopProcess> processes;  ///< in the order of /api/status
  std::vector<Problem> problems;      ///< the worst first
  Totals totals;
  ServerMachine machine;
  std::string failure;  ///< why the figures are old; empty if they are not
  std::optional<std::chrono::steady_clock::time_point> failing_since;

  /// Takes up what was answered at these times. A failure leaves the figures as they are.
  void take(Look look, Timestamp now, std::chrono::steady_clock::time_point steady_now);
};

/// One JSON object with totals, problems and processes.
[[nodiscard]] std::string board_json(const Board& board);

}  // namespace provisr::daemon
