#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <provisr/sampler.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace provisr::linux_platform {

using posix_platform::FileDescriptor;

/// Finds the processes that have been born, by the ids given out since the last look.
///
/// Ids are given out in rising order, to threads as well as to processes, and start again from the
/// bottom once they reach the kernel's pid_max (idr_alloc_cyclic in kernel/pid.c). The newest is
/// all of ns_last_pid (pid_ns_ctl_handler in kernel/pid_namespace.c), which kernels without
/// checkpoints lack, and the end of loadavg (proc_loadavg(5)), which is dearer.
/// An id that nobody has at a look may be one whose process was not complete yet: it is looked at
/// once more at the next tick.
class Births {
 public:
  /// Whether a process, not a thread, may have this id.
  using IsProcess = bool (*)(ProcessId id) noexcept;

  /// `has_own_pids`: ids under the proc root are those of this program's own PID namespace;
  /// otherwise every look is at all processes. `proc_root` must outlive the object.
  Births(int proc_root, bool has_own_pids, IsProcess is_process = is_known_process);

  /// The next look is the first of a tick.
  void begin_tick() noexcept { begins_tick_ = true; }

  /// See SamplingContext::new_processes, candidates, missed_processes, recount_processes.
  [[nodiscard]] std::span<const Descent> look() noexcept;
  [[nodiscard]] std::span<const Descent> candidates(ProcessId ancestor) noexcept;
  [[nodiscard]] bool missed_some() const noexcept { return missed_some_; }
  void recount() noexcept { needs_scan_ = true; }

  /// By whether the id has a process's CPU clock: the cheapest question there is.
  [[nodiscard]] static bool is_known_process(ProcessId id) noexcept;

 private:
  void find_new();
  void begin_new_tick();
  [[nodiscard]] bool can_follow(ProcessId newest) const noexcept;
  void follow_up_to(ProcessId newest);
  void look_again();
  [[nodiscard]] bool find(ProcessId id);
  void note_missed() noexcept;
  void scan();
  void scan_directory(int directory);
  [[nodiscard]] std::optional<ProcessId> newest_id() const noexcept;

  int proc_root_;
  bool has_own_pids_;
  IsProcess is_process_;
  FileDescriptor newest_id_;           ///< the file that ends with it
  std::vector<Descent> known_;         ///< found since the tick began, or all processes
  std::vector<ProcessId> unresolved_;  ///< ids that nobody had
  std::vector<ProcessId> looked_at_again_;
  ProcessId newest_ = 0;      ///< as of the last look
  ProcessId tick_begin_ = 0;  ///< the newest when the tick began
  std::uint32_t ids_since_scan_ = 0;
  bool begins_tick_ = true;
  bool is_first_of_tick_ = false;  ///< the look that goes on
  bool knows_all_ = false;         ///< `known_` holds all processes
  bool needs_scan_ = true;
  bool missed_some_ = false;
  bool missed_some_in_tick_ = false;  ///< after its first look
};

}  // namespace provisr::linux_platform
