#pragma once

#include <provisr/clock.hpp>
#include <provisr/process_metrics.hpp>

#include <chrono>
#include <optional>

namespace provisr::daemon {

/// How long every valid sample of one process has been over one limit. Not thread-safe.
class BreachTimer {
 public:
  struct Sample {
    ProcessId pid;
    Figure<double> value;  ///< unknown: no valid sample; neither confirms nor ends a breach
    MonotonicTime taken_at;
    Timestamp timestamp;
  };

  /// Adds a sample. The time between two valid samples counts for at most `longest_gap`, because
  /// the figure in a gap is not known. Another PID starts the timer again.
  void note(const Sample& sample, double limit, std::chrono::nanoseconds longest_gap);

  /// Resets the timer because the process is gone.
  void forget() noexcept { over_.reset(); }

  /// Returns whether the newest valid sample of the process was over the limit.
  [[nodiscard]] bool is_over() const noexcept { return over_.has_value(); }

  struct Over {
    ProcessId pid;
    double value;     ///< of the newest valid sample
    Timestamp since;  ///< of the first sample over the limit
    MonotonicTime newest;
    std::chrono::nanoseconds lasted{};  ///< confirmed by samples
  };
  /// Requires is_over().
  [[nodiscard]] const Over& over() const noexcept { return *over_; }

 private:
  std::optional<Over> over_;
};

}  // namespace provisr::daemon
