#pragma once

#include "daemon/base/listen_address.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// "host:port", ":port", "[::1]:port" or "unix:/path". Throws std::invalid_argument.
[[nodiscard]] ListenAddress parse_listen_address(std::string_view text);

/// Whether two servers cannot listen on both addresses at once.
[[nodiscard]] bool clash(const ListenAddress& one, const ListenAddress& other);

/// What is wrong with giving the socket of this address to a group, or an empty string.
[[nodiscard]] std::string fault_in_socket_group(const std::string& group,
                                                const ListenAddress& listen);

}  // namespace provisr::daemon
