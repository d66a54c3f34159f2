#include "daemon/platform/posix/signal_wait.hpp"

#include <poll.h>
#include <time.h>

namespace provisr::daemon {

std::array<bool, 2> wait_for_signals(const sigset_t& mask, const std::array<int, 2>& readable,
                                     std::chrono::nanoseconds longest) noexcept {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(longest);
  const timespec timeout{seconds.count(), (longest - seconds).count()};
  std::array<pollfd, 2> inputs{pollfd{readable[0], POLLIN, 0}, pollfd{readable[1], POLLIN, 0}};
  // Not pselect: the thread sanitizer does not intercept it and would delay the handler.
  if (ppoll(inputs.data(), inputs.size(), &timeout, &mask) <= 0) return {};
  return {inputs[0].revents != 0, inputs[1].revents != 0};
}

}  // namespace provisr::daemon
