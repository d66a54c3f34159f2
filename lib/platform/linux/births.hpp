#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/sampler.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace provisr::linux_platform {

using posix_platform::FileDescriptor;

/// Finds new processes by the ids given out since the last look.
///
/// The kernel gives out ids in ascending order, to threads as well as to processes, and starts
/// again from the bottom when it reaches pid_max (idr_alloc_cyclic in kernel/pid.c). The newest id
/// is the only field of ns_last_pid (pid_ns_ctl_handler in kernel/pid_namespace.c), which kernels
/// without checkpoint support lack, and the last field of loadavg (proc_loadavg(5)), which costs
/// more to read. An id that no process has at a look may belong to a process that is not complete
/// yet, so it is looked up again at the next tick, and at those of the next 100 ms. An id that
/// cannot be looked up because descriptors or memory are short is looked up at every tick until the
/// process can be read or has ended; a scan that cannot be completed for that reason is repeated at
/// the next look.
class Births {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Returns whether a process, not a thread, may have this id.
  using IsProcess = bool (*)(ProcessId id) noexcept;

  /// `has_own_pids`: ids under the proc root are those of this program's own PID namespace;
  /// otherwise every look scans all processes. The descriptor `proc_root` must outlive the object.
  Births(int proc_root, bool has_own_pids, IsProcess is_process = has_cpu_clock);

  /// Marks the next look as the first of a tick, which begins `now`.
  void begin_tick(TimePoint now) noexcept {
    begins_tick_ = true;
    const TimePoint two_ticks_ago = std::exchange(previous_tick_at_, std::exchange(tick_at_, now));
    newborn_since_ = std::min(two_ticks_ago, now - min_newborn_age);
    newborn_from_.reset();
  }

  /// See SamplingContext::new_processes, candidates, missed_processes, has_unread_processes,
  /// descent_of, recount_processes.
  [[nodiscard]] std::span<const Descent> look() noexcept;
  [[nodiscard]] std::span<const Descent> candidates(ProcessId ancestor) noexcept;
  [[nodiscard]] bool missed_some() const noexcept { return missed_some_; }
  [[nodiscard]] bool has_unread() const noexcept { return has_unread_; }
  [[nodiscard]] std::optional<Descent> descent_of(ProcessId pid) noexcept;
  void recount() noexcept { needs_scan_ = true; }

  /// Returns whether the id has the CPU clock of a process: the cheapest check there is.
  [[nodiscard]] static bool has_cpu_clock(ProcessId id) noexcept;

 private:
  enum class Finding { process, nobody, unread };
  struct Unresolved {
    ProcessId id;
    TimePoint since;
  };
  static constexpr std::chrono::seconds min_newborn_age{1};

  void open_newest_id() noexcept;
  void find_new();
  void begin_new_tick();
  [[nodiscard]] bool can_follow(ProcessId newest) const noexcept;
  void follow_up_to(ProcessId newest);
  void look_again();
  [[nodiscard]] Finding find(ProcessId id);
  void keep_for_later(const Unresolved& unresolved);
  [[nodiscard]] std::optional<Descent> read_descent(ProcessId pid) noexcept;
  [[nodiscard]] static std::uint64_t clock_ticks_at(std::optional<std::uint64_t>& known,
                                                    TimePoint moment) noexcept;
  void note_missed() noexcept;
  void scan();
  [[nodiscard]] bool scan_directory(int directory);
  [[nodiscard]] bool renew_orphans();
  [[nodiscard]] bool is_listed(ProcessId pid) const noexcept;
  [[nodiscard]] std::optional<ProcessId> newest_id() const noexcept;

  int proc_root_;
  bool has_own_pids_;
  IsProcess is_process_;
  ProcessId own_pid_;                   ///< of this program
  FileDescriptor newest_id_;            ///< the file whose last field is the newest id
  std::vector<Descent> known_;          ///< found since the tick began, or all processes
  std::size_t first_found_ = 0;         ///< of known_: what the current look has found begins here
  std::vector<Unresolved> unresolved_;  ///< ids that no process had, or that could not be read
  std::vector<Unresolved> looked_at_again_;
  TimePoint tick_at_ = std::chrono::steady_clock::now();  ///< before the first tick: the start
  TimePoint previous_tick_at_ = tick_at_;
  TimePoint newborn_since_ = tick_at_;      ///< see Descent::is_newborn
  TimePoint looked_in_tick_at_ = tick_at_;  ///< beginning of the latest tick with a look
  TimePoint newest_known_at_ = tick_at_;    ///< ids above `tick_begin_` were given out later
  /// `newborn_since_` and `newest_known_at_` in clock ticks since the boot; computed if needed.
  std::optional<std::uint64_t> newborn_from_;
  std::optional<std::uint64_t> oldest_start_;
  std::uint64_t known_started_at_ = 0;  ///< of the latest process that was read, in clock ticks
  ProcessId newest_ = 0;                ///< as of the last look
  ProcessId tick_begin_ = 0;            ///< `newest_` when the tick began
  std::uint32_t ids_since_scan_ = 0;
  bool begins_tick_ = true;
  bool is_first_of_tick_ = false;  ///< the current look is the first of its tick
  bool knows_all_ = false;         ///< `known_` holds all processes
  bool needs_scan_ = true;
  /// An id given out in this tick belongs to an older process: ids have wrapped around.
  bool has_passed_older_ = false;
  bool missed_some_ = false;
  bool missed_some_in_tick_ = false;  ///< missed some after the first look of the tick
  bool has_unread_ = false;           ///< a process or a scan was not read: see says_shortage()
};

}  // namespace provisr::linux_platform
