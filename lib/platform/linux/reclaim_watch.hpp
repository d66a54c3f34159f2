#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace provisr::linux_platform {

/// The sum of the counters in /proc/vmstat that rise if memory was taken from processes, or given
/// to them, without their running: reclaim, also of one control group alone (pgsteal_anon and
/// pgsteal_file, Linux 5.8; the counters by reclaimer leave control groups out), swapping in both
/// directions, and the joining of pages into huge ones. Empty if the first two are not there.
[[nodiscard]] std::optional<std::uint64_t> parse_reclaim_count(std::string_view vmstat) noexcept;

/// Tells whether what is resident of a process that has not run may have changed. Looks at most
/// once a tick, and only if as many ask as make it pay: reading vmstat costs as much as reading
/// the memory of some 30 processes.
class ReclaimWatch {
 public:
  static constexpr std::uint32_t worth_looking = 32;

  explicit ReclaimWatch(int proc_root) noexcept : proc_root_(proc_root) {}

  void begin_tick() noexcept;

  /// The same number as this or generation() returned earlier: nothing was reclaimed in between.
  [[nodiscard]] std::uint64_t ask() noexcept;

  /// The number as of the latest look. Memory that is read after this call is no older.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

 private:
  void look() noexcept;

  int proc_root_;
  std::uint64_t generation_ = 1;
  std::optional<std::uint64_t> count_;
  std::uint32_t asked_ = 0;
  bool is_worth_it_ = false;
  bool has_looked_ = false;
};

}  // namespace provisr::linux_platform
