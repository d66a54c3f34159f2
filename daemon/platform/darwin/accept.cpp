#include "daemon/platform/posix/accept.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace provisr::daemon {

const int send_flags = 0;  // SO_NOSIGPIPE below does the same

int accept_prepared(int listener) noexcept {
  const int fd = ::accept(listener, nullptr, nullptr);
  if (fd < 0) return fd;
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
  return fd;
}

}  // namespace provisr::daemon
