#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace provisr::daemon {

/// Returns the PID in a record of /dev/kmsg by which the kernel reports an OOM kill; empty if the
/// record says something else or is not by the kernel itself.
[[nodiscard]] std::optional<pid_t> oom_victim_in(std::string_view record) noexcept;

/// Reads the new records of the kernel's log. Not thread-safe.
class KernelLog {
 public:
  /// Skips all records so far. If the log cannot be read, as by an ordinary user, it has no
  /// records.
  explicit KernelLog(const std::filesystem::path& file);

  /// Returns the PIDs of the processes that the kernel has killed since the last call because
  /// memory was short, as the initial PID namespace has them.
  [[nodiscard]] std::vector<pid_t> take_oom_victims();

 private:
  posix_platform::FileDescriptor file_;
};

}  // namespace provisr::daemon
