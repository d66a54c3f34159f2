#pragma once

#include "lib/platform/windows/windows_api.hpp"

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace provisr::windows_platform {

/// The thread counts, CPU times and hard faults that Windows reports for all processes in one call.
class ProcessTable {
 public:
  struct Entry {
    DWORD pid = 0;
    DWORD parent = 0;  ///< may have ended, and its id may have been reused
    std::int64_t created_at = 0;
    Figure<std::uint32_t> num_threads;
    Figure<std::uint64_t> cpu_time_ns;
    Figure<std::uint64_t> hard_faults;
  };

  /// Reads the whole table. Allocates only if the table is larger than ever before. If allocation
  /// fails, the table is empty until the next read.
  void read() noexcept;

  /// Returns the entry as of the last read(), all figures unknown if the process was not in it.
  [[nodiscard]] Entry find(DWORD pid) const noexcept;

  /// Returns all processes as of the last read(), with parent 0 if the parent has ended. Empty if
  /// memory is short.
  [[nodiscard]] std::span<const Descent> descents() noexcept;

  /// Returns the parent of the process; 0 if the parent has ended.
  [[nodiscard]] DWORD living_parent(const Entry& entry) const noexcept;

 private:
  [[nodiscard]] std::span<const std::byte> query();

  std::vector<std::byte> buffer_;
  std::vector<Entry> entries_;  ///< sorted by pid
  std::vector<Descent> descents_;
};

}  // namespace provisr::windows_platform
