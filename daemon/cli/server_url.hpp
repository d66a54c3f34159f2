#pragma once

#include "daemon/base/listen_address.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// The URL of the JSON API of a provisrd.
struct ServerUrl {
  ListenAddress address{.host = "localhost", .port = 8080, .path = ""};
  std::string base_path = "/api";  ///< starts with '/', does not end with '/'

  /// Returns text such as "http://localhost:8080/api" or "unix:/path".
  [[nodiscard]] std::string to_string() const;

  bool operator==(const ServerUrl&) const = default;
};

/// Parses "http://HOST[:PORT][/BASE]" (default port 80, default base /api) or "unix:PATH". Throws
/// std::invalid_argument.
[[nodiscard]] ServerUrl parse_server_url(std::string_view text);

/// Returns the address of a Unix socket, absolute or relative. Throws std::invalid_argument.
[[nodiscard]] ListenAddress parse_socket_path(std::string_view path);

}  // namespace provisr::daemon
