#pragma once

#include "daemon/platform/socket.hpp"

#include <string>
#include <vector>

/// Sockets that listen on TCP. Implemented in daemon/platform.
namespace provisr::daemon {

/// An address of the machine, as getaddrinfo(3) tells it; without a port yet.
struct SocketAddress {
  enum class Family { ipv4, ipv6 };
  Family family;
  std::vector<unsigned char> bytes;  ///< a sockaddr

  bool operator==(const SocketAddress&) const = default;
};

/// All addresses of a name or of an address in figures, each once. Throws std::system_error or
/// std::runtime_error if there are none.
[[nodiscard]] std::vector<SocketAddress> addresses_of(const std::string& host);

enum class Coverage {
  own_family,     ///< what it says and no more
  both_families,  ///< "::" takes IPv4 connections, too
};

/// Listens with the system's longest backlog; port 0 is any free port. A restarted daemon gets its
/// address back at once, and no two programs share one silently. Throws std::system_error.
[[nodiscard]] Socket listen_on(const SocketAddress& address, int port, Coverage coverage);

[[nodiscard]] int port_of(const Socket& listener);

/// Whether an error says that the machine lacks this family or address, while others may work.
[[nodiscard]] bool says_address_unavailable(const std::error_code& error) noexcept;

/// The name of this machine; empty if it has none.
[[nodiscard]] std::string machine_name();

}  // namespace provisr::daemon
