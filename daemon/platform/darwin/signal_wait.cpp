#include "daemon/platform/posix/signal_wait.hpp"

#include <algorithm>
#include <sys/select.h>
#include <time.h>

namespace provisr::daemon {

std::array<bool, 2> wait_for_signals(const sigset_t& mask, const std::array<int, 2>& readable,
                                     std::chrono::nanoseconds longest) noexcept {
  // POSIX allows a system to reject a timeout longer than 31 days.
  const std::chrono::nanoseconds wait =
      std::min<std::chrono::nanoseconds>(longest, std::chrono::hours(24));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  const timespec timeout{static_cast<time_t>(seconds.count()),
                         static_cast<long>((wait - seconds).count())};
  // The descriptors are made when the program starts, so they are far below FD_SETSIZE.
  fd_set input;
  FD_ZERO(&input);
  for (const int descriptor : readable) {
    if (descriptor >= 0) FD_SET(descriptor, &input);
  }
  const int count = pselect(*std::max_element(readable.begin(), readable.end()) + 1, &input,
                            nullptr, nullptr, &timeout, &mask);
  if (count <= 0) return {};
  const auto has_input = [&](int descriptor) {
    return descriptor >= 0 && FD_ISSET(descriptor, &input);
  };
  return {has_input(readable[0]), has_input(readable[1])};
}

}  // namespace provisr::daemon
