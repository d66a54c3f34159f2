#pragma once

#include <memory>

namespace provisr::daemon {

/// Ends another thread's wait in Events::wait_until() or Terminal::wait_until().
///
/// Thread safety: wake() may be called from any thread; all other functions belong to the waiting
/// thread.
class Wakeup {
 public:
  /// Throws std::system_error.
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  /// Ends the current wait, or else the next one. Several calls count as one. Never blocks.
  void wake() noexcept;

  /// Whether wake() was called since the last call of take().
  [[nodiscard]] bool take() noexcept;

  struct State;  ///< platform-specific
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace provisr::daemon
