#pragma once

#include "lib/platform/windows/windows_api.hpp"

#include <provisr/process_metrics.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace provisr::windows_platform {

/// Thread counts and CPU times, which Windows reports for all processes in one call.
class ProcessTable {
 public:
  struct Entry {
    DWORD pid = 0;
    Figure<std::uint32_t> num_threads;
    Figure<std::uint64_t> cpu_time_ns;
  };

  /// Reads the whole table. Allocates only if it needs more room than ever before; if allocation
  /// fails, the table is empty until the next read.
  void read() noexcept;

  /// As of the last read(); all figures are unknown for a process that it did not contain.
  [[nodiscard]] Entry find(DWORD pid) const noexcept;

 private:
  [[nodiscard]] std::span<const std::byte> query();

  std::vector<std::byte> buffer_;
  std::vector<Entry> entries_;  ///< sorted by pid
};

}  // namespace provisr::windows_platform
