#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

/// Non-blocking stream sockets. Implemented in daemon/platform.
namespace provisr::daemon {

/// Owns a descriptor, or a SOCKET on Windows; -1 means none.
class Socket {
 public:
  Socket() = default;
  explicit Socket(std::intptr_t handle) : handle_(handle) {}
  Socket(Socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Socket() { close(); }

  void close() noexcept;
  [[nodiscard]] std::intptr_t handle() const { return handle_; }
  [[nodiscard]] explicit operator bool() const { return handle_ != -1; }

 private:
  std::intptr_t handle_ = -1;
};

/// The result of receive() or send().
struct Transfer {
  enum class Outcome {
    moved,        ///< `bytes` were moved, at least one
    would_block,  ///< try again later
    ended,        ///< the other side sends no more, or the connection is lost
  };
  Outcome outcome = Outcome::ended;
  std::size_t bytes = 0;
};

[[nodiscard]] Transfer receive(const Socket& socket, std::span<char> buffer) noexcept;

/// Sends the parts, at most two, one after the other in one call, as many bytes as the system
/// takes.
[[nodiscard]] Transfer send(const Socket& socket, std::span<const std::string_view> parts) noexcept;

/// Tells the peer that nothing more will be sent.
void end_sending(const Socket& socket) noexcept;

/// The result of accept_connection().
struct Accepted {
  enum class Outcome {
    connection,
    nobody,     ///< no connection is waiting
    lost,       ///< the client is gone or was refused, or the call was interrupted: try the next
    exhausted,  ///< this process or the system has no descriptor left
    failed,     ///< any other error
  };
  Outcome outcome = Outcome::nobody;
  Socket socket;
  std::error_code error;
};

/// Accepts a connection. Its socket is non-blocking, sends small answers without delay and is not
/// inherited by children.
[[nodiscard]] Accepted accept_connection(const Socket& listener) noexcept;

}  // namespace provisr::daemon
