#include "daemon/limits/breach_timer.hpp"

#include <algorithm>

namespace provisr::daemon {

void BreachTimer::note(const Sample& sample, double limit, std::chrono::nanoseconds longest_gap) {
  if (over_ && over_->pid != sample.pid) over_.reset();
  if (!sample.value) return;
  if (*sample.value <= limit) return over_.reset();
  if (!over_) {
    over_ = Over{.pid = sample.pid,
                 .value = *sample.value,
                 .since = sample.timestamp,
                 .newest = sample.taken_at};
    return;
  }
  over_->lasted += std::min<std::chrono::nanoseconds>(sample.taken_at - over_->newest, longest_gap);
  over_->newest = sample.taken_at;
  over_->value = *sample.value;
}

}  // namespace provisr::daemon
