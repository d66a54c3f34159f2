#include "daemon/platform/posix/child_setup.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// Linux 5.9; called by number, as musl and older glibc have no function for it.
bool close_range_from(int first) noexcept {
  return syscall(SYS_close_range, static_cast<unsigned>(first), ~0U, 0U) == 0;
}

}  // namespace

bool end_with_parent(pid_t parent) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  return getppid() == parent;
}

void close_from(int first, int limit) noexcept {
  if (close_range_from(first)) return;
  for (int fd = first; fd < limit; ++fd) close(fd);
}

}  // namespace provisr::daemon
