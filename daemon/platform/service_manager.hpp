#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Reports the state of this program to the service manager that started it (sd_notify(3):
/// systemd's Type=notify and compatible managers). A no-op if there is none or it does not listen.
/// Never blocks.
///
/// Thread safety: all functions except the constructor may be called from any thread.
class ServiceManager {
 public:
  /// Removes the manager's variables (NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID) from the
  /// environment, so that no child reports on behalf of this program. Call it before any thread
  /// starts.
  ServiceManager();

  /// The program serves requests: call it after the start and after each reload.
  void notify_ready() const noexcept;
  void notify_reloading() const noexcept;
  /// `longest`: how long the end may take. The manager waits at least that long before it kills.
  void notify_stopping(std::chrono::milliseconds longest) const noexcept;

  /// How often the manager is to be told that this program does not hang: at half of the time after
  /// which it would replace the program. Empty if it does not want to be told.
  [[nodiscard]] std::optional<std::chrono::microseconds> watchdog_interval() const noexcept {
    return watchdog_interval_;
  }
  void notify_alive() const noexcept;

 private:
  void tell(std::string_view state) const noexcept;
  /// Appends the time in microseconds to `state`.
  void tell(std::string_view state, std::chrono::nanoseconds time) const noexcept;

  std::string address_;  ///< empty: nothing is reported
  std::optional<std::chrono::microseconds> watchdog_interval_;
};

}  // namespace provisr::daemon
