#include "daemon/platform/listen_socket.hpp"

#include <winsock2.h>

namespace provisr::daemon {

void claim_address_alone(std::uintptr_t socket) noexcept {
  // An address is free at once here; SO_REUSEADDR would let anybody take it over.
  const BOOL yes = TRUE;
  setsockopt(static_cast<SOCKET>(socket), SOL_SOCKET, SO_EXCLUSIVEADDRUSE,
             reinterpret_cast<const char*>(&yes), sizeof yes);
}

std::error_code last_socket_error() noexcept {
  return {WSAGetLastError(), std::system_category()};
}

void clear_socket_error() noexcept {
  WSASetLastError(0);
}

bool says_address_in_use(const std::error_code& error) noexcept {
  return error.value() == WSAEADDRINUSE || error.value() == WSAEACCES;
}

}  // namespace provisr::daemon
