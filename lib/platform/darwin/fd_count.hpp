#pragma once

#include <provisr/process_metrics.hpp>

#include <cstdint>
#include <sys/proc_info.h>
#include <sys/types.h>
#include <vector>

namespace provisr::darwin_platform {

/// Counts the open descriptors of processes. The system reports them only as a list. The memory for
/// the list is kept, and grows if a process has more descriptors than any before.
class FdCounter {
 public:
  /// Returns unknown, with errno set, if the system does not report the list.
  [[nodiscard]] Figure<std::uint32_t> count(pid_t pid) noexcept;

 private:
  [[nodiscard]] bool grow() noexcept;

  std::vector<proc_fdinfo> list_;
};

}  // namespace provisr::darwin_platform
