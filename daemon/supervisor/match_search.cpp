#include "daemon/supervisor/match_search.hpp"

#include <fmt/format.h>

#include <system_error>
#include <utility>

namespace provisr::daemon {

MatchSearch::MatchSearch(MakeMatchSource make_source, std::function<void()> wake, const Log& log)
    : make_source_(std::move(make_source)), wake_(std::move(wake)), log_(log) {}

std::uint64_t MatchSearch::set_rules(const std::vector<ProcessConfig>& matches) {
  rules_ = std::make_shared<const MatchRules>(matches);
  return ++generation_;
}

void MatchSearch::look(std::chrono::nanoseconds interval, MonotonicTime now) {
  constexpr std::chrono::seconds retry_interval{1};
  interval_ = interval;
  next_try_ = MonotonicTime::max();
  if (!source_ && rules_->empty()) return;
  try {
    if (!source_) source_ = make_source_(wake_);
    source_->look_for(rules_, generation_, interval_);
    problems_.clear();
  } catch (const std::system_error& failure) {
    next_try_ = now + retry_interval;
    const std::string why = fmt::format("no thread can be started: {}", failure.code().message());
    if (problems_.is_new(why)) log_failure(why);
  }
}

void MatchSearch::retry(MonotonicTime now) {
  if (now >= next_try_) look(interval_, now);
}

std::vector<ScoutReport> MatchSearch::take() {
  if (!source_) return {};
  std::vector<ScoutReport> reports = source_->take();
  for (const ScoutReport& report : reports) log_unseen(report);
  return reports;
}

void MatchSearch::log_unseen(const ScoutReport& report) {
  if (report.was_refused && !std::exchange(is_refusal_logged_, true)) {
    log_.debug("provisrd may not read the exe of some processes: no exe pattern matches them");
  }
  if (report.stuck != 0) {
    log_.warn("process {} cannot be read at the moment: no match finds it until it can",
              report.stuck);
  }
  if (!report.failure.empty()) log_failure(report.failure);
  if (report.hides_others && !std::exchange(is_hiding_logged_, true)) {
    log_.warn(
        "the processes of other users are hidden from provisrd, and no match finds them: /proc is "
        "mounted with hidepid");
  }
}

void MatchSearch::log_failure(const std::string& why) const {
  log_.warn("no match finds a process at the moment: {}; trying again", why);
}

}  // namespace provisr::daemon
