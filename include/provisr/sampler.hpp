#pragma once

#include <provisr/figures.hpp>
#include <provisr/process_metrics.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>

namespace provisr {

/// Where a sampler puts the further figures that its registry asks for.
struct FurtherReadings {
  std::span<Figure<std::uint64_t>> slots = {};
  FurtherFigures asked = {};

  [[nodiscard]] bool asks_for(std::size_t slot) const noexcept { return asked.contains(slot); }

  [[nodiscard]] bool asks_for(FurtherFigures any) const noexcept { return !(asked & any).empty(); }

  /// Requires asks_for(slot).
  void set(std::size_t slot, std::uint64_t value) noexcept { slots[slot] = value; }

  /// Those that are unknown as the system refused to tell, and why.
  FurtherFigures refused = {};
  std::errc error = {};

  /// Those that are unknown as they are still being read.
  FurtherFigures awaited = {};

  void refuse(FurtherFigures which, std::errc why) noexcept {
    refused |= which & asked;
    error = why;
  }

  /// Makes all figures unknown, and still asks for the same.
  void clear() noexcept {
    *this = {.slots = slots, .asked = asked};
    std::fill(slots.begin(), slots.end(), Figure<std::uint64_t>());
  }
};

/// What the operating system says of one process at one moment: counters and levels, no rates.
struct ProcessReading {
  Figure<std::uint64_t> cpu_time_ns;  ///< user + system, all threads, also those that have ended
  Figure<std::uint64_t> memory_rss_bytes;
  Figure<std::uint64_t> memory_vms_bytes;
  Figure<std::uint64_t> memory_swap_bytes;
  Figure<std::uint32_t> num_threads;
  Figure<std::uint32_t> num_fds;
  Figure<std::uint32_t> num_processes;  ///< of a process tree; unknown of a single process
  /// Why num_fds is unknown, if the system refused to tell.
  std::error_code num_fds_error;
  FurtherReadings more;

  /// Makes all figures unknown, and still asks for the same.
  void clear() noexcept {
    cpu_time_ns = memory_rss_bytes = memory_vms_bytes = memory_swap_bytes = {};
    num_threads = num_fds = num_processes = {};
    if (num_fds_error) num_fds_error = {};
    if (!more.asked.empty()) more.clear();
  }
};

enum class ReadStatus {
  ok,
  vanished,  ///< the process has ended (a zombie has, too); its PID may have been reused
};

/// A process and where it comes from.
struct Descent {
  ProcessId pid = 0;
  ProcessId parent = 0;
  /// If its parent may have adopted it (it is process 1, or this program): the PID of the leader of
  /// its process group, of whose tree it is if that is watched. Otherwise 0.
  ProcessId orphan_of = 0;
};

/// What a process tree asks of its members besides figures.
struct FamilyReading {
  ProcessId parent = 0;
  /// Whether somebody is waiting for it right now: its account may be its parent's already.
  bool is_being_collected = false;
  /// CPU time of the children that it has waited for, with that of theirs. Linux: in clock ticks of
  /// 10 ms as a rule, user and system rounded down each.
  Figure<std::uint64_t> children_cpu_ns;
  /// The same of the further counters that are ChildrenAccounts::apart.
  FurtherReadings children;

  /// Makes all unknown, and still asks for the same.
  void clear() noexcept {
    const FurtherReadings kept = children;
    *this = {};
    children = kept;
    children.clear();
  }
};

/// Further counters of which a process has an account of the children that it has waited for: one
/// of its own, or contained in the process's figure. Of others, none.
struct ChildrenAccounts {
  FurtherFigures apart = {};
  FurtherFigures contained = {};
};

struct SamplerOptions {
  /// Where procfs is mounted (Linux). It may be that of another PID namespace, such as the host's
  /// seen from a container; the CPU time then comes from `stat`, in clock ticks (10 ms as a rule).
  std::string proc_root = "/proc";

  /// How many file descriptors the samplers of one context may keep open, three a process. The
  /// processes beyond it are read by path, which costs three to four times as much. Unset: half of
  /// the soft RLIMIT_NOFILE at the time the context is made.
  std::optional<std::size_t> max_kept_descriptors = {};

  /// How old the memory of a process that has not run since it was read may get before it is read
  /// again (Linux; see ProcessSampler). Zero: all processes are read in full at every tick.
  std::chrono::nanoseconds max_idle_age = std::chrono::seconds(10);

  /// How much time passes at least between two readings of the memory_pss of a process (Linux).
  std::chrono::nanoseconds min_pss_interval = std::chrono::seconds(30);
};

/// What the samplers of one registry share: the proc root, the descriptor budget and what is read
/// once a tick for the whole system. Must outlive its samplers. Not thread-safe.
class SamplingContext {
 public:
  explicit SamplingContext(SamplerOptions options = {});
  ~SamplingContext();
  SamplingContext(SamplingContext&&) noexcept;
  SamplingContext& operator=(SamplingContext&&) noexcept;

  /// Reads what is read once a tick; call it before a round of ProcessSampler::read.
  void begin_tick() noexcept;

  /// Whether PIDs mean the same to the samplers as in system calls of this program. Otherwise one
  /// that a system call returned may be another process's there. False only on Linux, with a proc
  /// root that is missing or of another PID namespace.
  [[nodiscard]] bool has_own_pids() const noexcept;

  /// The processes that have appeared since the last call, or all that there are. The first call
  /// after begin_tick() also finds those that were not complete at the one before it. Linux: by the
  /// ids given out since (ns_last_pid, or the last field of /proc/loadavg), at the cost of births;
  /// all processes if the ids have wrapped around, after very many births, and at a proc root of
  /// another PID namespace. Valid until the next call of one of these functions.
  [[nodiscard]] std::span<const Descent> new_processes() noexcept;

  /// Processes among which are all descendants of this one that new_processes() has told of.
  /// All processes, looked through at most once a tick, if it was started before the latest tick.
  [[nodiscard]] std::span<const Descent> candidates(ProcessId ancestor) noexcept;

  /// Whether processes may have come and gone since the tick before, never seen by
  /// new_processes(): then whoever ran since may have waited for some.
  [[nodiscard]] bool missed_processes() const noexcept;

  /// Makes the next new_processes() return all processes.
  void recount_processes() noexcept;

  /// Whether FamilyReading::children_cpu_ns is to be had on this system.
  [[nodiscard]] bool tells_children_cpu() const noexcept;

  [[nodiscard]] ChildrenAccounts children_accounts() const noexcept;

  struct State;  ///< platform's own
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// One opened process: reads its figures as often as wanted, and never those of another process
/// that got the same PID later. Hides the operating system. Not thread-safe.
///
/// Linux: CPU time by clock_gettime(2) on the clock of clock_getcpuclockid(3), in nanoseconds;
/// resident and virtual size from /proc/PID/statm, in pages; swap from VmSwap in /proc/PID/status,
/// read only while the system uses any swap; threads from the link count of /proc/PID/task;
/// descriptors from the size of /proc/PID/fd (Linux 6.2), else by counting its entries
/// (proc_pid_stat(5) and its neighbours; fs/proc/base.c, fs/proc/fd.c).
///
/// A process whose CPU time has not moved since the tick before has not run. Its threads,
/// descriptors and virtual size then stand for up to six times SamplerOptions::max_idle_age; its
/// resident size and swap until the system has reclaimed memory (/proc/vmstat, proc_vmstat(5)), at
/// most max_idle_age. In that time one does not see what other processes did to it: by a descriptor
/// table or memory shared with it (CLONE_FILES, CLONE_VM), by process_madvise(2) or ptrace(2), or
/// by truncating a file that it has mapped.
///
/// macOS: all from proc_pidinfo (libproc.h). PROC_PIDTASKALLINFO in one call: start time, for the
/// identity; CPU time, in Mach units made nanoseconds by mach_timebase_info; resident and virtual
/// size; threads. PROC_PIDLISTFDS: descriptors. There is no swap of a process: absent. A process
/// of another user may be looked at by root only.
///
/// Windows: CPU time, in 100 ns, and threads from NtQuerySystemInformation
/// (SystemProcessInformation), read for all processes at once in begin_tick and open; resident is
/// the working set, memory_vms_bytes the private commit, both from GetProcessMemoryInfo. There is
/// neither swap nor a file descriptor of a process: absent. An open handle keeps the PID from being
/// given to another process; whether the process has ended is asked of the handle.
class ProcessSampler {
 public:
  using Context = SamplingContext;

  /// Opens the process that has this PID now. If it fails, empty with
  /// `error` set: no such process (std::errc::no_such_process), not allowed (permission_denied), no
  /// sampler for this platform (function_not_supported), or the reason why the proc root cannot be
  /// opened, such as no_such_file_or_directory.
  [[nodiscard]] static std::optional<ProcessSampler> open(Context& context, ProcessId pid,
                                                          std::error_code& error);

  ~ProcessSampler();
  ProcessSampler(ProcessSampler&&) noexcept;
  ProcessSampler& operator=(ProcessSampler&&) noexcept;

  /// A hint that a read will follow soon: fetches into the processor's cache what is kept here.
  void prefetch() const noexcept;

  /// Reads all figures; one that cannot be read is left unknown. Allocates nothing.
  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept;

  /// As read(), but of one that has ended, too, until it has been waited for. Allocates nothing.
  [[nodiscard]] ReadStatus read_family(FamilyReading& reading) noexcept;

  /// Reads the counters alone: CPU time, and those of the further figures that are asked for;
  /// levels may be left unknown. Needs no begin_tick(). Allocates nothing. Linux: the CPU clock,
  /// and one fstat(2) of the kept `task` directory, which has links only as long as the process is
  /// there (proc_task_getattr in fs/proc/base.c).
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept;

 private:
  struct State;  ///< platform's own
  explicit ProcessSampler(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace provisr
