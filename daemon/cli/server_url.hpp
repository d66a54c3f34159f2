#pragma once

#include "daemon/base/listen_address.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Where the JSON API of a provisrd is.
struct ServerUrl {
  ListenAddress address{.host = "localhost", .port = 8080, .path = ""};
  std::string base_path = "/api";  ///< starts with '/', never ends with one

  /// As people write it: "http://localhost:8080/api" or "unix:/path".
  [[nodiscard]] std::string to_string() const;

  bool operator==(const ServerUrl&) const = default;
};

/// "http://HOST[:PORT][/BASE]" (port 80 and /api if there is none) or "unix:PATH". Throws
/// std::invalid_argument.
[[nodiscard]] ServerUrl parse_server_url(std::string_view text);

/// The address of a Unix socket, absolute or not. Throws std::invalid_argument.
[[nodiscard]] ListenAddress parse_socket_path(std::string_view path);

}  // namespace provisr::daemon
