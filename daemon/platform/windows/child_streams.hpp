#pragma once

#include "daemon/platform/child_process.hpp"
#include "lib/platform/windows/handle.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The standard streams of a new child: the daemon's output streams or files, and the daemon's
/// input or the null device. A child inherits no other handles of the daemon.
class ChildStreams {
 public:
  explicit ChildStreams(const ChildCommand& command);
  ~ChildStreams();
  ChildStreams(const ChildStreams&) = delete;
  ChildStreams& operator=(const ChildStreams&) = delete;

  /// False if a stream could not be opened; then the last error is set.
  [[nodiscard]] bool is_ready() const { return is_ready_; }

  /// Names what could not be opened if is_ready() is false.
  [[nodiscard]] const std::string& missing() const { return missing_; }

  /// For CreateProcess with EXTENDED_STARTUPINFO_PRESENT; valid during this object's lifetime.
  [[nodiscard]] STARTUPINFOW* startup_info() { return &info_.StartupInfo; }

 private:
  [[nodiscard]] bool open(const ChildCommand& command);
  [[nodiscard]] bool limit_inheritance();

  std::array<windows_platform::Handle, 3> streams_;
  std::array<HANDLE, 3> inherited_{};
  std::vector<std::byte> attributes_;
  STARTUPINFOEXW info_{};
  std::string missing_ = "the standard streams";
  bool is_ready_ = false;
};

}  // namespace provisr::daemon
