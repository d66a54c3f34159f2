#pragma once

#include "lib/platform/windows/windows_api.hpp"

#include <provisr/process_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace provisr::windows_platform {

/// What Windows tells of all processes at once only, or best: threads and CPU times.
class ProcessTable {
 public:
  struct Entry {
    DWORD pid = 0;
    Figure<std::uint32_t> num_threads;
    Figure<std::uint64_t> cpu_time_ns;
  };

  /// Reads all of them. Allocates only where they take more room than ever before; where there is
  /// none, nothing is known until the next time.
  void read() noexcept;

  /// As of the last read(); all figures are unknown for a process that was not there then.
  [[nodiscard]] Entry find(DWORD pid) const noexcept;

 private:
  [[nodiscard]] std::span<const std::byte> query();

  std::vector<std::byte> buffer_;
  std::vector<Entry> entries_;  ///< sorted by pid
};

}  // namespace provisr::windows_platform
