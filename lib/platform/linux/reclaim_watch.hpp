#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace provisr::linux_platform {

using posix_platform::FileDescriptor;

/// Returns the sum of the counters in /proc/vmstat that rise if memory is taken from or given to
/// processes that do not run: reclaim, also within one control group (pgsteal_anon and
/// pgsteal_file, Linux 5.8; the counters by reclaimer omit control groups), swapping in both
/// directions, and the merging of pages into huge pages. Empty if the first two are missing.
[[nodiscard]] std::optional<std::uint64_t> parse_reclaim_count(std::string_view vmstat) noexcept;

/// Detects whether the resident memory of idle processes may have changed. Looks at most once per
/// tick, and only if enough processes ask: reading vmstat costs as much as reading the memory of
/// about 30 processes.
class ReclaimWatch {
 public:
  static constexpr std::uint32_t worth_looking = 32;

  explicit ReclaimWatch(int proc_root) noexcept : proc_root_(proc_root) {}

  void begin_tick() noexcept;

  /// Returns a number. If this or generation() returned it before, nothing was reclaimed in
  /// between.
  [[nodiscard]] std::uint64_t ask() noexcept;

  /// Returns the number as of the latest look. Memory that is read after this call is no older.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  void look() noexcept;

  int proc_root_;
  FileDescriptor vmstat_;  ///< opened at the first look
  std::uint64_t generation_ = 1;
  std::optional<std::uint64_t> count_;
  std::uint32_t asked_ = 0;
  bool is_worth_it_ = false;
  bool has_looked_ = false;
};

}  // namespace provisr::linux_platform
