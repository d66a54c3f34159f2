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

/// A scout on a thread of its own: to read what a process is may take long, if the process is stuck
/// in the kernel or a name service does not answer. Its destructor does not wait for that.
[[nodiscard]] std::unique_ptr<MatchSource> make_match_source(std::function<void()> wake);

}  // namespace provisr::daemon
