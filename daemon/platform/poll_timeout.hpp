#pragma once

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

namespace provisr::daemon {

/// Converts a timeout for epoll_wait(2), poll(2) and WSAPoll(); -1 waits forever.
[[nodiscard]] inline int poll_timeout(std::optional<std::chrono::milliseconds> timeout) {
  if (!timeout) return -1;
  constexpr std::chrono::milliseconds longest{std::numeric_limits<int>::max()};
  return static_cast<int>(std::clamp(*timeout, std::chrono::milliseconds(0), longest).count());
}

}  // namespace provisr::daemon
