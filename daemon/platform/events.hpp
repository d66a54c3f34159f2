#pragma once

#include <chrono>

namespace provisr::daemon {

/// What the main thread waits for: signals on POSIX, console control events on Windows. One object
/// a program, created before any thread and any child starts.
///
/// POSIX: while it exists, the signals are blocked in all threads started since and delivered only
/// during wait_until, so they interrupt no other call. SIGPIPE is ignored. SIGHUP requests a stop
/// unless it was ignored before (nohup).
class Events {
 public:
  Events();
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  enum class Kind {
    child_exited,    ///< at least one child may have ended: poll them
    stop_requested,  ///< SIGTERM, SIGINT, SIGHUP, Ctrl-C
    deadline,        ///< nothing happened until then
  };

  /// Blocks until something happens, at most until `deadline`. A request to stop comes first.
  [[nodiscard]] Kind wait_until(std::chrono::steady_clock::time_point deadline);
};

}  // namespace provisr::daemon
