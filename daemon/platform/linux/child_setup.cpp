#include "daemon/platform/posix/child_setup.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// Linux 5.11; called by number, as musl and older glibc have no function for it.
bool mark_range(int first) noexcept {
  return syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

}  // namespace

bool end_with_parent(pid_t parent) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  return getppid() == parent;
}

void close_on_exec_from(int first, int limit) noexcept {
  if (mark_range(first)) return;
  for (int fd = first; fd < limit; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace provisr::daemon
