#pragma once

#include "daemon/platform/listen_socket.hpp"
#include "daemon/platform/socket.hpp"

#include <chrono>
#include <string>

/// Connections to a server. Implemented in daemon/platform.
namespace provisr::daemon {

/// Each throws std::system_error if there is no connection within `timeout`: then
/// std::errc::timed_out, otherwise what the system says.
[[nodiscard]] Socket connect_to(const SocketAddress& address, int port,
                                std::chrono::milliseconds timeout);
[[nodiscard]] Socket connect_to_unix_socket(const std::string& path,
                                            std::chrono::milliseconds timeout);

enum class Readiness {
  readable,  ///< receive() has something to tell
  writable,  ///< send() has
};

/// Returns false if that did not happen within `timeout`.
[[nodiscard]] bool wait_until(const Socket& socket, Readiness readiness,
                              std::chrono::milliseconds timeout) noexcept;

}  // namespace provisr::daemon
