#pragma once

#include "daemon/platform/listen_socket.hpp"

#include <winsock2.h>
#include <ws2tcpip.h>

#include <cstring>

namespace provisr::daemon {

[[nodiscard]] inline int family_of(const SocketAddress& address) {
  return address.family == SocketAddress::Family::ipv6 ? AF_INET6 : AF_INET;
}

/// Returns the address with a port, in the form that bind() and connect() take.
[[nodiscard]] inline sockaddr_storage with_port(const SocketAddress& address, int port) {
  sockaddr_storage storage{};
  std::memcpy(&storage, address.bytes.data(), address.bytes.size());
  const auto number = htons(static_cast<u_short>(port));
  if (address.family == SocketAddress::Family::ipv6) {
    reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port = number;
  } else {
    reinterpret_cast<sockaddr_in*>(&storage)->sin_port = number;
  }
  return storage;
}

}  // namespace provisr::daemon
