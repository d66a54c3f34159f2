#include "daemon/platform/posix/child_setup.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace provisr::daemon {

bool end_with_parent(pid_t parent) noexcept {
  return getppid() == parent;
}

void close_on_exec_from(int first, int limit) noexcept {
  for (int fd = first; fd < limit; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace provisr::daemon
