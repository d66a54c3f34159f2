#include "daemon/limits/doubling_pause.hpp"

#include <algorithm>

namespace provisr::daemon {

std::chrono::nanoseconds DoublingPause::left(MonotonicTime now) const noexcept {
  if (!last_) return std::chrono::nanoseconds::zero();
  return *last_ + pause_ - now;
}

void DoublingPause::note(MonotonicTime now, std::chrono::nanoseconds slack) noexcept {
  const bool was_calm = !last_ || now - *last_ > 2 * pause_ + slack;
  pause_ = was_calm ? bounds_.first : std::min(2 * pause_, bounds_.most);
  last_ = now;
}

}  // namespace provisr::daemon
