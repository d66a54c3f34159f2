#pragma once

#include <chrono>

namespace provisr::daemon {

/// What the main thread waits for. One object a program, made before any thread and any child
/// starts. Implemented in daemon/platform (signals on POSIX, console control events on Windows).
///
/// POSIX: the signals are blocked while it exists, in all threads started since; only
/// wait_until lets them in. So no other call is ever interrupted by them. SIGPIPE is ignored.
/// SIGHUP is a request to stop, unless it was ignored before (nohup).
class Events {
 public:
  Events();
  ~Events();
  Events(const Events&) = delete;
  Events& operator=(const Events&) = delete;

  enum class Kind {
    child_exited,    ///< at least one child may have ended: poll them
    stop_requested,  ///< SIGTERM, SIGINT, SIGHUP, Ctrl-C
    deadline,        ///< nothing until then
  };

  /// Blocks until something happens, at most until `deadline`. A request to stop comes first.
  [[nodiscard]] Kind wait_until(std::chrono::steady_clock::time_point deadline);
};

}  // namespace provisr::daemon
