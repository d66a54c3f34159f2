#pragma once

#include "daemon/supervisor/process_scout.hpp"

#include <provisr/clock.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace provisr::daemon {

/// Finds processes that fit rules, for another thread.
class MatchSource {
 public:
  virtual ~MatchSource() = default;

  /// Looks for processes that fit `rules` from now on, once in each `interval`. Does nothing as
  /// long as `rules` is empty. Throws std::system_error if no thread can be started; another call
  /// tries again.
  virtual void look_for(std::shared_ptr<const MatchRules> rules, std::uint64_t generation,
                        std::chrono::nanoseconds interval) = 0;

  /// Returns the reports since the last call.
  [[nodiscard]] virtual std::vector<ScoutReport> take() = 0;
};

/// Makes a source, which calls `wake` on a thread of its own when there is a report to take().
using MakeMatchSource = std::function<std::unique_ptr<MatchSource>(std::function<void()> wake)>;

using MakeScoutSources = std::function<ScoutSources()>;

struct MatchSourceOptions {
  /// Called on the thread that uses the sources.
  MakeScoutSources make_sources = system_scout_sources;
  /// How long a process may take to be read, and the pause before a scout that failed is replaced.
  std::chrono::milliseconds patience{2000};
  /// Measures that time and that pause. Must outlive the sources.
  const Clock* clock = &Clock::system();
};

/// Returns a source that runs a ProcessScout on a thread of its own. Reading a process may block
/// forever: the process may be stuck in the kernel, or keep its arguments in memory that its own
/// file system must fill. A scout that hangs is replaced by another one, which skips that process
/// until the read returns; at most eight may hang. A scout that fails, or for which there is no
/// thread, is replaced later. The destructor waits at most a second.
[[nodiscard]] std::unique_ptr<MatchSource> make_match_source(std::function<void()> wake,
                                                             MatchSourceOptions options = {});

}  // namespace provisr::daemon
