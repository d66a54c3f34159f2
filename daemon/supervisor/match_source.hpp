#pragma once

#include "daemon/supervisor/process_scout.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace provisr::daemon {

/// Finds processes that fit rules for another thread.
class MatchSource {
 public:
  virtual ~MatchSource() = default;

  /// Looks for what fits `rules` from now on, once in each `interval`. Nothing is looked at as long
  /// as there are no rules.
  virtual void look_for(std::shared_ptr<const MatchRules> rules, std::uint64_t generation,
                        std::chrono::nanoseconds interval) = 0;

  /// What was found since the last call.
  [[nodiscard]] virtual std::vector<ScoutReport> take() = 0;
};

/// Makes a source, which calls `wake` on a thread of its own when there is something to take().
using MakeMatchSource = std::function<std::unique_ptr<MatchSource>(std::function<void()> wake)>;

using MakeScoutSources = std::function<ScoutSources()>;

struct MatchSourceOptions {
  /// Called on the thread that uses them.
  MakeScoutSources make_sources = system_scout_sources;
  /// How long a process may take to be read.
  std::chrono::milliseconds patience{2000};
};

/// A scout on a thread of its own. To read what a process is may take for ever: the process may be
/// stuck in the kernel, or keep its arguments in memory that a file system of its own is to fill.
/// The scout that hangs there is relieved by another one, which leaves that process out until it
/// was read; up to eight at a time. The destructor waits a second for a scout at most.
[[nodiscard]] std::unique_ptr<MatchSource> make_match_source(std::function<void()> wake,
                                                             MatchSourceOptions options = {});

}  // namespace provisr::daemon
