#pragma once

#include "daemon/base/listen_address.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Parses "host:port", ":port", "[::1]:port" or "unix:/path". Throws std::invalid_argument.
[[nodiscard]] ListenAddress parse_listen_address(std::string_view text);

/// Returns whether two servers cannot listen on both addresses at the same time.
[[nodiscard]] bool clash(const ListenAddress& one, const ListenAddress& other);

/// Returns why the socket of this address cannot be given to `group`; empty if it can.
[[nodiscard]] std::string fault_in_socket_group(const std::string& group,
                                                const ListenAddress& listen);

}  // namespace provisr::daemon
