#pragma once

#include <memory>

namespace provisr::daemon {

/// Ends another thread's wait for Events.
///
/// Thread safety: wake() from any thread; the rest from the one that waits.
class Wakeup {
 public:
  /// Throws std::system_error.
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  /// Ends the wait that goes on, or else the next one. Several calls count as one. Never blocks.
  void wake() noexcept;

  /// Whether it was woken since the last call.
  [[nodiscard]] bool take() noexcept;

  struct State;  ///< of the platform
  [[nodiscard]] const State& state() const noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace provisr::daemon
