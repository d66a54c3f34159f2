#include "daemon/platform/posix/announced_ends.hpp"

#include "lib/platform/posix/file_descriptor.hpp"

#include <cstdint>
#include <sys/epoll.h>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

/// Polls all announced processes. Children close it between fork and exec.
[[nodiscard]] const FileDescriptor& watched() {
  static const FileDescriptor descriptor(epoll_create1(EPOLL_CLOEXEC));
  return descriptor;
}

}  // namespace

bool announce_end(int pidfd, ProcessId pid) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = static_cast<std::uint64_t>(pid);
  return epoll_ctl(watched().get(), EPOLL_CTL_ADD, pidfd, &event) == 0;
}

int announced_ends_descriptor() noexcept {
  return watched().get();
}

std::optional<ProcessId> next_announced_end() {
  epoll_event event{};
  if (epoll_wait(watched().get(), &event, 1, 0) <= 0) return std::nullopt;
  return static_cast<ProcessId>(event.data.u64);
}

}  // namespace provisr::daemon
