#include "daemon/platform/posix/signal_wait.hpp"

#include <algorithm>
#include <sys/select.h>
#include <time.h>

namespace provisr::daemon {

void wait_for_signals(const sigset_t& mask, std::chrono::nanoseconds longest) noexcept {
  // POSIX lets a system refuse what is longer than 31 days.
  const std::chrono::nanoseconds wait =
      std::min<std::chrono::nanoseconds>(longest, std::chrono::hours(24));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const timespec timeout{static_cast<time_t>(seconds.count()),
                         static_cast<long>((wait - seconds).count())};
  pselect(0, nullptr, nullptr, nullptr, &timeout, &mask);
}

}  // namespace provisr::daemon
