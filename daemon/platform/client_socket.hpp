#pragma once

#include "daemon/platform/listen_socket.hpp"
#include "daemon/platform/socket.hpp"

#include <chrono>
#include <string>

/// Client connections. Implemented in daemon/platform.
namespace provisr::daemon {

/// Connects to a server. Throws std::system_error: std::errc::timed_out if there is no connection
/// within `timeout`, otherwise the system's error.
[[nodiscard]] Socket connect_to(const SocketAddress& address, int port,
                                std::chrono::milliseconds timeout);
[[nodiscard]] Socket connect_to_unix_socket(const std::string& path,
                                            std::chrono::milliseconds timeout);

enum class Readiness {
  readable,  ///< receive() returns data or the end of the stream
  writable,  ///< send() can take data
};

/// Waits until the socket is ready. Returns false after `timeout`.
[[nodiscard]] bool wait_until(const Socket& socket, Readiness readiness,
                              std::chrono::milliseconds timeout) noexcept;

}  // namespace provisr::daemon
