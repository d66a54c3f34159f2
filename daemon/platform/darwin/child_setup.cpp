#include "daemon/platform/posix/child_setup.hpp"

#include <grp.h>

#include <span>
#include <unistd.h>

namespace provisr::daemon {

pid_t fork_for_exec() noexcept {
  return fork();
}

bool change_ids(uid_t user, gid_t group, std::span<const gid_t> groups) noexcept {
  return setgroups(static_cast<int>(groups.size()), groups.data()) == 0 && setgid(group) == 0 &&
         setuid(user) == 0;
}

bool end_with_parent(pid_t parent) noexcept {
  return getppid() == parent;
}

void close_from(int first, int limit) noexcept {
  for (int fd = first; fd < limit; ++fd) close(fd);
}

}  // namespace provisr::daemon
