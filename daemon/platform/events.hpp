#pragma once

#include "daemon/platform/wakeup.hpp"

#include <chrono>

namespace provisr::daemon {

/// What the supervisor waits for: signals on POSIX, console control events on Windows, and other
/// threads. One object a program, created before any thread and any child starts.
///
/// POSIX: while it exists, the signals are blocked in all threads started since and delivered only
/// during wait_until, so they interrupt no other call. SIGPIPE is ignored. SIGHUP stays ignored if
/// it was before (nohup).
class Events {
 public:
  Events();
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  enum class Kind {
    stop_requested,       ///< SIGTERM, SIGINT, Ctrl-C
    hand_over_requested,  ///< SIGQUIT
    hung_up,              ///< SIGHUP
    user_signal_1,        ///< SIGUSR1
    user_signal_2,        ///< SIGUSR2
    child_exited,         ///< at least one child may have ended
    woken,                ///< by another thread, or after having been stopped (SIGCONT)
    deadline,             ///< nothing happened until then
  };

  /// Blocks until something happens, at most until `deadline`. Each kind that has happened is
  /// reported once; a request to stop before the ends of children.
  [[nodiscard]] Kind wait_until(std::chrono::steady_clock::time_point deadline, Wakeup& wakeup);
};

}  // namespace provisr::daemon
