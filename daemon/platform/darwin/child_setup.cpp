#include "daemon/platform/posix/child_setup.hpp"

#include <unistd.h>

namespace provisr::daemon {

pid_t fork_for_exec() noexcept {
  return fork();
}

bool end_with_parent(pid_t parent) noexcept {
  return getppid() == parent;
}

void close_from(int first, int limit) noexcept {
  for (int fd = first; fd < limit; ++fd) close(fd);
}

}  // namespace provisr::daemon
