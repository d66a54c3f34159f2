#pragma once

#include "lib/platform/windows/windows_api.hpp"

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace provisr::windows_platform {

/// Thread counts, CPU times and hard faults, which Windows reports for all processes in one call.
class ProcessTable {
 public:
  struct Entry {
    DWORD pid = 0;
    DWORD parent = 0;  ///< which may have ended, and whose id may be another process's now
    std::int64_t created_at = 0;
    Figure<std::uint32_t> num_threads;
    Figure<std::uint64_t> cpu_time_ns;
    Figure<std::uint64_t> hard_faults;
  };

  /// Reads the whole table. Allocates only if it needs more room than ever before; if allocation
  /// fails, the table is empty until the next read.
  void read() noexcept;

  /// As of the last read(); all figures are unknown for a process that it did not contain.
  [[nodiscard]] Entry find(DWORD pid) const noexcept;

  /// As of the last read(), with parent 0 for a process whose parent has ended. Empty if memory is
  /// short.
  [[nodiscard]] std::span<const Descent> descents() noexcept;

  /// Who started the process, if that still runs; else 0.
  [[nodiscard]] DWORD living_parent(const Entry& entry) const noexcept;

 private:
  [[nodiscard]] std::span<const std::byte> query();

  std::vector<std::byte> buffer_;
  std::vector<Entry> entries_;  ///< sorted by pid
  std::vector<Descent> descents_;
};

}  // namespace provisr::windows_platform
