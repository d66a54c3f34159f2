#pragma once

#include "daemon/platform/wakeup.hpp"

#include <chrono>

namespace provisr::daemon {

/// The events that the supervisor waits for: signals on POSIX, console control events on Windows,
/// and wakeups by other threads. Create one object per program, before any thread or child starts.
///
/// POSIX: during its lifetime, the signals are blocked in all threads started afterwards and are
/// delivered only during wait_until, so they interrupt no other call. SIGPIPE is ignored. SIGHUP
/// stays ignored if it was ignored before (nohup).
class Events {
 public:
  Events();
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  /// The destructor then leaves everything as it is, for a program that exits soon after: a further
  /// request to stop does not change its exit status.
  void stay_until_exit() noexcept { stays_ = true; }

  enum class Kind {
    stop_requested,       ///< SIGTERM, SIGINT, Ctrl-C
    hand_over_requested,  ///< SIGQUIT
    hung_up,              ///< SIGHUP
    user_signal_1,        ///< SIGUSR1
    user_signal_2,        ///< SIGUSR2
    child_exited,         ///< at least one child may have ended
    woken,                ///< Wakeup::wake() was called, or the program was continued (SIGCONT)
    deadline,             ///< the deadline passed without an event
  };

  /// Blocks until an event occurs or `deadline` passes. Several events of one kind are reported
  /// once. A request to stop is reported before ended children.
  [[nodiscard]] Kind wait_until(std::chrono::steady_clock::time_point deadline, Wakeup& wakeup);

 private:
  bool stays_ = false;
};

}  // namespace provisr::daemon
