#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>
#include <utility>

/// Non-blocking stream sockets. Implemented in daemon/platform.
namespace provisr::daemon {

/// Owns a descriptor, or a SOCKET of Windows; -1 is none.
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

/// What became of receiving or sending.
struct Transfer {
  enum class Outcome {
    moved,        ///< `bytes` of them, at least one
    would_block,  ///< nothing for now
    ended,        ///< the other side sends no more, or the connection is lost
  };
  Outcome outcome = Outcome::ended;
  std::size_t bytes = 0;
};

[[nodiscard]] Transfer receive(const Socket& socket, std::span<char> buffer) noexcept;

/// Sends the parts one after the other in one call, as much as the system takes. At most two.
[[nodiscard]] Transfer send(const Socket& socket, std::span<const std::string_view> parts) noexcept;

/// Tells the other side that nothing more will be sent.
void end_sending(const Socket& socket) noexcept;

/// What became of accepting a connection.
struct Accepted {
  enum class Outcome {
    connection,
    nobody,     ///< nobody is waiting
    lost,       ///< that client has gone or was refused, or the call was interrupted: try the next
    exhausted,  ///< the process or the system has no descriptor left
    failed,     ///< anything else
  };
  Outcome outcome = Outcome::nobody;
  Socket socket;
  std::error_code error;
};

/// The connection neither blocks nor delays small answers, and is not inherited by children.
[[nodiscard]] Accepted accept_connection(const Socket& listener) noexcept;

}  // namespace provisr::daemon
