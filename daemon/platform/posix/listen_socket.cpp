#include "daemon/platform/listen_socket.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace provisr::daemon {

void claim_address_alone(std::uintptr_t socket) noexcept {
  // SO_REUSEADDR, not SO_REUSEPORT: that one lets two programs share a port.
  const int yes = 1;
  setsockopt(static_cast<int>(socket), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
}

std::error_code last_socket_error() noexcept {
  return {errno, std::generic_category()};
}

void clear_socket_error() noexcept {
  errno = 0;
}

bool says_address_in_use(const std::error_code& error) noexcept {
  return error == std::errc::address_in_use;
}

}  // namespace provisr::daemon
