#include "daemon/platform/posix/accept.hpp"

#include <sys/socket.h>

namespace provisr::daemon {

const int send_flags = MSG_NOSIGNAL;

int accept_prepared(int listener) noexcept {
  return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

}  // namespace provisr::daemon
