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

/// The data that `provisrd top` shows. All texts are as received.
namespace provisr::daemon {

/// The shown part of a sample of one process.
struct TopSample {
  UsageReport usage;
  std::string timestamp;  ///< RFC 3339, UTC
};
using TopSamples = std::map<std::string, TopSample, std::less<>>;

/// CPU in percent of a core, the oldest first. An empty value is a gap without a process.
struct CpuHistory {
  static constexpr std::size_t longest = 240;

  std::deque<std::optional<double>> values;
  std::string newest;  ///< the timestamp of the last value

  void add(std::optional<double> value);
};

/// Parses an answer of /api/metrics. Returns no samples if it is not such an answer.
[[nodiscard]] TopSamples parse_samples(std::string_view json);

/// Parses an answer of /api/metrics/history with the fields "cpu_percent" and "pid".
[[nodiscard]] CpuHistory parse_cpu_history(std::string_view json);

/// Parses the memory of the newest process in such an answer, whose rows also have "memory_mb".
[[nodiscard]] MemoryHistory parse_memory_history(std::string_view json);

/// The answers of one round of requests.
struct Look {
  std::vector<ProcessReport> processes;
  TopSamples samples;
  std::vector<ExitReport> exits;  ///< of the last `problem_window`, the newest first
  std::map<std::string, CpuHistory> histories;
  std::map<std::string, MemoryHistory> memories;
  ServerMachine machine;
  std::string unmeasured;               ///< why there are no samples; empty if there are
  std::vector<std::string> unanswered;  ///< names whose histories must be asked for again
  std::string failure;                  ///< why there is no answer; if not empty, the rest is empty
};

/// How long the end of a process is shown as a problem.
inline constexpr std::chrono::minutes problem_window{10};

struct TopProcess {
  ProcessReport report;
  UsageReport usage;
  CpuHistory cpu;
  MemoryHistory memory;  ///< of the running process
};

/// A problem that needs attention.
struct Problem {
  std::string name;
  std::string text;  ///< in words, without the name
  bool is_down = false;
};

struct Totals {
  std::size_t up = 0;
  std::size_t waiting = 0;  ///< in backoff or stopping
  std::size_t down = 0;
  std::size_t stopped = 0;            ///< by a command, or ended well
  std::optional<double> cpu_percent;  ///< of known figures; empty if up > 0 and none is known
  std::optional<double> memory_mb;
};

enum class StateKind { up, waiting, down, stopped };

/// Returns the kind of the process's state. A process that has ended well counts as stopped.
[[nodiscard]] StateKind kind_of(const ProcessReport& report);

/// All data that a frame shows.
struct Board {
  std::string server;
  std::vector<TopProcess> processes;  ///< in the order of /api/status
  std::vector<Problem> problems;      ///< the worst first
  Totals totals;
  ServerMachine machine;
  std::string failure;  ///< why the figures are stale; empty if they are not
  std::optional<std::chrono::steady_clock::time_point> failing_since;

  /// Applies the answers of a round that was made at these times. A failure keeps the figures.
  void take(Look look, Timestamp now, std::chrono::steady_clock::time_point steady_now);

 private:
  void note_failure(std::chrono::steady_clock::time_point now);
};

/// Returns one JSON object with totals, problems and processes.
[[nodiscard]] std::string board_json(const Board& board);

}  // namespace provisr::daemon
