#pragma once

#include "daemon/base/log.hpp"
#include "daemon/config/config.hpp"
#include "daemon/supervisor/managed_process.hpp"
#include "daemon/supervisor/match_source.hpp"

#include <provisr/clock.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The search for processes that fit the `match` rules. Tries again if it cannot begin, and logs
/// what it cannot see. Not thread-safe.
class MatchSearch {
 public:
  /// `wake` is called on another thread when there is something to take(). `log` must outlive this.
  MatchSearch(MakeMatchSource make_source, std::function<void()> wake, const Log& log);

  /// Replaces the rules. look() makes the search use them. Returns the generation of the rules, as
  /// in ScoutReport.
  std::uint64_t set_rules(const std::vector<ProcessConfig>& matches);

  /// Searches from now on, once in each `interval`. If no thread can be started, a later retry()
  /// tries again: what runs must not end for that.
  void look(std::chrono::nanoseconds interval, MonotonicTime now);

  /// Tries again to begin; must be called at next_try().
  void retry(MonotonicTime now);
  void cancel_retry() { next_try_ = MonotonicTime::max(); }

  /// MonotonicTime::max() if the search has begun or there is nothing to search for.
  [[nodiscard]] MonotonicTime next_try() const { return next_try_; }

  [[nodiscard]] bool has_begun() const { return source_ != nullptr; }

  /// Returns the reports since the last call.
  [[nodiscard]] std::vector<ScoutReport> take();

 private:
  void log_unseen(const ScoutReport& report);
  void log_failure(const std::string& why) const;

  MakeMatchSource make_source_;
  std::function<void()> wake_;
  const Log& log_;
  std::shared_ptr<const MatchRules> rules_ = std::make_shared<const MatchRules>();
  std::uint64_t generation_ = 0;
  std::chrono::nanoseconds interval_{};
  MonotonicTime next_try_ = MonotonicTime::max();
  RepeatFilter problems_;
  bool is_refusal_logged_ = false;
  bool is_hiding_logged_ = false;
  std::unique_ptr<MatchSource> source_;  ///< null until there are rules; its thread calls wake_
};

}  // namespace provisr::daemon
