#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// Who wanted a process to end.
enum class ExitReason {
  itself,  ///< nobody: it ended, or somebody else ended it
  stop,
  restart,
  reload,
  limit,
  shutdown,
};

/// "itself", "stop" and so on.
[[nodiscard]] std::string_view to_text(ExitReason reason);

inline constexpr std::size_t most_last_samples = 5;

/// The end of a process.
struct ExitRecord {
  std::string name;
  ProcessId pid = 0;
  std::optional<Timestamp> started_at = {};  ///< empty: the system did not tell
  Timestamp ended_at{};                      ///< when the end was noticed
  std::optional<ExitStatus> status = {};     ///< empty: the system does not tell
  ExitReason reason = ExitReason::itself;
  std::optional<std::uint64_t> memory_peak = {};  ///< bytes
  /// At most `most_last_samples`, oldest first; empty: it was never sampled.
  std::vector<ProcessMetrics> last_samples = {};
};

}  // namespace provisr::daemon
