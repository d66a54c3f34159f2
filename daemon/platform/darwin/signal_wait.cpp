#include "daemon/platform/posix/signal_wait.hpp"

#include <algorithm>
#include <sys/select.h>
#include <time.h>

namespace provisr::daemon {

void wait_for_signals(const sigset_t& mask, int readable,
                      std::chrono::nanoseconds longest) noexcept {
  // POSIX lets a system refuse what is longer than 31 days.
  const std::chrono::nanoseconds wait =
      std::min<std::chrono::nanoseconds>(longest, std::chrono::hours(24));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const timespec timeout{static_cast<time_t>(seconds.count()),
                         static_cast<long>((wait - seconds).count())};
  // Far below FD_SETSIZE: the pipe is made when the program starts.
  fd_set input;
  FD_ZERO(&input);
  FD_SET(readable, &input);
  pselect(readable + 1, &input, nullptr, nullptr, &timeout, &mask);
}

}  // namespace provisr::daemon
