#pragma once

#include "daemon/platform/socket.hpp"

#include <string>
#include <vector>

/// Listening TCP sockets. Implemented in daemon/platform.
namespace provisr::daemon {

/// An IP address as getaddrinfo(3) returns it, without a port.
struct SocketAddress {
  enum class Family { ipv4, ipv6 };
  Family family;
  std::vector<unsigned char> bytes;  ///< a sockaddr

  bool operator==(const SocketAddress&) const = default;
};

/// Returns all addresses of a host name or of a numeric address, without duplicates. Throws
/// std::system_error or std::runtime_error if there are none.
[[nodiscard]] std::vector<SocketAddress> addresses_of(const std::string& host);

enum class Coverage {
  own_family,     ///< only the family of the address
  both_families,  ///< "::" also accepts IPv4 connections
};

/// Listens with the system's longest backlog; port 0 picks any free port. A restarted daemon can
/// use its address again at once, and two programs never share a port unnoticed. Throws
/// std::system_error.
[[nodiscard]] Socket listen_on(const SocketAddress& address, int port, Coverage coverage);

[[nodiscard]] int port_of(const Socket& listener);

/// Whether the error means that the machine lacks this family or address, while others may work.
[[nodiscard]] bool says_address_unavailable(const std::error_code& error) noexcept;

/// Returns the host name; empty if there is none.
[[nodiscard]] std::string host_name();

}  // namespace provisr::daemon
