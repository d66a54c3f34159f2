#pragma once

#include "daemon/platform/socket.hpp"

#include <winsock2.h>

#include <system_error>

namespace provisr::daemon {

/// Initializes Winsock. Call it before any Winsock function; Winsock stays initialized until the
/// program ends.
void start_winsock();

[[nodiscard]] inline SOCKET socket_of(const Socket& socket) {
  return static_cast<SOCKET>(socket.handle());
}

[[nodiscard]] inline std::error_code winsock_error(int number = WSAGetLastError()) {
  return {number, std::system_category()};
}

[[noreturn]] inline void throw_winsock_error() {
  throw std::system_error(winsock_error());
}

/// Takes ownership of a new socket and makes it non-blocking. Throws std::system_error.
[[nodiscard]] Socket own_socket(SOCKET handle);

}  // namespace provisr::daemon
