#pragma once

#include "daemon/platform/socket.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>

namespace provisr::daemon {

/// Waits until one of many sockets is ready. Level-triggered.
///
/// Thread safety: wake() may be called from any thread; all other functions belong to one thread.
class Poller {
 public:
  enum class Interest { none, input, output };

  struct Event {
    void* owner;
    bool is_ready;  ///< for the interest
    bool is_lost;   ///< the connection failed or was reset
  };

  /// Throws std::system_error.
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Adds a socket; its events carry `owner`. Throws std::system_error.
  void add(const Socket& socket, Interest interest, void* owner);
  void change(const Socket& socket, Interest interest, void* owner);
  /// Call it before the socket is closed.
  void remove(const Socket& socket) noexcept;

  /// Returns at an event, after wake() or after the timeout; without a timeout, waits forever. The
  /// events are valid until the next call.
  [[nodiscard]] std::span<const Event> wait(std::optional<std::chrono::milliseconds> timeout);

  void wake() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace provisr::daemon
