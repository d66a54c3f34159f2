#pragma once

#include "daemon/platform/child_process.hpp"
#include "lib/platform/windows/handle.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace provisr::daemon {

/// The standard streams of a new child: the daemon's output or files, and its input or nothing. A
/// child inherits these handles and no other of the daemon's.
class ChildStreams {
 public:
  explicit ChildStreams(const ChildCommand& command);
  ~ChildStreams();
  ChildStreams(const ChildStreams&) = delete;
  ChildStreams& operator=(const ChildStreams&) = delete;

  /// False, with the last error set: there is nothing to start a child with.
  [[nodiscard]] bool is_ready() const { return is_ready_; }

  /// What could not be opened, if it is not ready.
  [[nodiscard]] const std::string& missing() const { return missing_; }

  /// For CreateProcess with EXTENDED_STARTUPINFO_PRESENT; valid as long as this object.
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
