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

/// Why a process ended. The numbers are stored (docs/state-format.md) and must not change.
enum class ExitReason {
  itself = 0,  ///< not the daemon: it ended on its own, or another program ended it
  stop = 1,
  restart = 2,
  reload = 3,
  limit = 4,
  shutdown = 5,
};

/// Returns "itself", "stop" and so on.
[[nodiscard]] std::string_view to_text(ExitReason reason);

inline constexpr std::size_t max_last_samples = 5;

/// The end of a process.
struct ExitRecord {
  std::string name;
  ProcessId pid = 0;
  std::optional<Timestamp> started_at = {};  ///< empty: not known
  Timestamp ended_at{};                      ///< when the daemon noticed the end
  std::optional<ExitStatus> status = {};     ///< empty: not known
  ExitReason reason = ExitReason::itself;
  std::optional<std::uint64_t> memory_peak = {};  ///< bytes
  /// At most `max_last_samples`, oldest first; empty: the process was never sampled.
  std::vector<ProcessMetrics> last_samples = {};
};

}  // namespace provisr::daemon
