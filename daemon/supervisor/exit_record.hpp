#pragma once

#include "daemon/platform/exit_status.hpp"

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

/// The end of a process.
struct ExitRecord {
  std::string name;
  ProcessId pid = 0;
  std::optional<Timestamp> started_at = {};  ///< empty: the system did not tell
  Timestamp ended_at{};                      ///< when the end was noticed
  std::optional<ExitStatus> status = {};     ///< empty: the system does not tell
  ExitReason reason = ExitReason::itself;
  std::optional<std::uint64_t> memory_peak = {};   ///< bytes
  std::optional<ProcessMetrics> last_sample = {};  ///< empty: it was never sampled
};

}  // namespace provisr::daemon
