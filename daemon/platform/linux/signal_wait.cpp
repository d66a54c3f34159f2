#include "daemon/platform/posix/signal_wait.hpp"

#include <poll.h>
#include <time.h>

namespace provisr::daemon {

void wait_for_signals(const sigset_t& mask, int readable,
                      std::chrono::nanoseconds longest) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(longest);
  const timespec timeout{seconds.count(), (longest - seconds).count()};
  pollfd input{readable, POLLIN, 0};
  // Not pselect, which the thread sanitizer does not know: it would hold back the handler.
  ppoll(&input, 1, &timeout, &mask);
}

}  // namespace provisr::daemon
