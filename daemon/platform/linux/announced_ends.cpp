#include "daemon/platform/posix/announced_ends.hpp"

#include "lib/platform/posix/file_descriptor.hpp"

#include <cstdint>
#include <sys/epoll.h>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;

struct Watched {
  FileDescriptor poller;  ///< children close it between fork and exec
  bool is_any = false;    ///< whether a process was ever watched
};

[[nodiscard]] Watched& watched() {
  static Watched instance{FileDescriptor(epoll_create1(EPOLL_CLOEXEC))};
  return instance;
}

}  // namespace

bool announce_end(int pidfd, ProcessId pid) noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = static_cast<std::uint64_t>(pid);
  const bool is_added = epoll_ctl(watched().poller.get(), EPOLL_CTL_ADD, pidfd, &event) == 0;
  watched().is_any |= is_added;
  return is_added;
}

int announced_ends_descriptor() noexcept {
  return watched().poller.get();
}

std::optional<ProcessId> next_announced_end() {
  epoll_event event{};
  if (!watched().is_any || epoll_wait(watched().poller.get(), &event, 1, 0) <= 0) {
    return std::nullopt;
  }
  return static_cast<ProcessId>(event.data.u64);
}

}  // namespace provisr::daemon
