#pragma once

#include <string>

namespace provisr::daemon {

/// Where a server listens. `path` is set for "unix:/path", host and port otherwise.
/// An empty host means all interfaces, an IPv6 host has no brackets, port 0 is any free port.
struct ListenAddress {
  std::string host;
  int port = 0;
  std::string path;

  [[nodiscard]] bool is_unix_socket() const { return !path.empty(); }
  /// The text a configuration file would hold: "host:port", ":port" or "unix:/path".
  [[nodiscard]] std::string to_string() const;

  bool operator==(const ListenAddress&) const = default;
};

}  // namespace provisr::daemon
