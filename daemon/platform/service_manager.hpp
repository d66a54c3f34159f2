#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// The service manager that has started this program, told how it fares (sd_notify(3): systemd's
/// Type=notify, and all that speak its protocol). If there is none, or it does not listen, all of
/// it is a no-op. Never blocks.
///
/// Thread safety: all but the constructor from any thread.
class ServiceManager {
 public:
  /// Takes its address (NOTIFY_SOCKET) out of the environment, so that no child speaks for this
  /// program. Call it before there are threads.
  ServiceManager();

  /// It serves: after its start, and after each reload.
  void tell_ready() const noexcept;
  void tell_reloading() const noexcept;
  void tell_stopping() const noexcept;

 private:
  void tell(std::string_view state) const noexcept;

  std::string address_;  ///< empty: nobody is told
};

}  // namespace provisr::daemon
