#pragma once

#include <string>

namespace provisr::daemon {

/// The address on which a server listens. `path` is set for "unix:/path", host and port otherwise.
/// An empty host means all interfaces. An IPv6 host has no brackets. Port 0 means any free port.
struct ListenAddress {
  std::string host;
  int port = 0;
  std::string path;

  [[nodiscard]] bool is_unix_socket() const { return !path.empty(); }
  /// Returns the address as a configuration file writes it: "host:port", ":port" or "unix:/path".
  [[nodiscard]] std::string to_string() const;

  bool operator==(const ListenAddress&) const = default;
};

}  // namespace provisr::daemon
