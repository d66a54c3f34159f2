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

/// The further figures of one reading: the requested set and a slot for each value.
struct FurtherReadings {
  std::span<Figure<std::uint64_t>> slots = {};
  FurtherFigures asked = {};

  [[nodiscard]] bool asks_for(std::size_t slot) const noexcept { return asked.contains(slot); }

  [[nodiscard]] bool asks_for(FurtherFigures any) const noexcept { return !(asked & any).empty(); }

  /// Requires asks_for(slot).
  void set(std::size_t slot, std::uint64_t value) noexcept { slots[slot] = value; }

  /// Figures that are unknown because the system refused to report them, and the reason.
  FurtherFigures refused = {};
  std::errc error = {};

  /// Figures that are unknown because they are still being read.
  FurtherFigures awaited = {};

  void refuse(FurtherFigures which, std::errc why) noexcept {
    refused |= which & asked;
    error = why;
  }

  /// Makes all figures unknown. Keeps the set of requested figures.
  void clear() noexcept {
    *this = {.slots = slots, .asked = asked};
    std::fill(slots.begin(), slots.end(), Figure<std::uint64_t>());
  }
};

/// The figures that the system reports for a process at one moment: counters and levels, no rates.
struct ProcessReading {
  Figure<std::uint64_t> cpu_time_ns;  ///< user + system, all threads, including ended ones
  Figure<std::uint64_t> memory_rss_bytes;
  Figure<std::uint64_t> memory_vms_bytes;
  Figure<std::uint64_t> memory_swap_bytes;
  Figure<std::uint32_t> num_threads;
  Figure<std::uint32_t> num_fds;
  Figure<std::uint32_t> num_processes;  ///< of a process tree; unknown for a single process
  /// Why num_fds is unknown, if the system refused to report it; why all figures are, if nothing
  /// could be read.
  std::error_code num_fds_error;
  FurtherReadings more;

  /// Makes all figures unknown. Keeps the set of requested figures.
  void clear() noexcept {
    cpu_time_ns = memory_rss_bytes = memory_vms_bytes = memory_swap_bytes = {};
    num_threads = num_fds = num_processes = {};
    if (num_fds_error) num_fds_error = {};
    if (!more.asked.empty()) more.clear();
  }
};

enum class ReadStatus {
  ok,
  vanished,  ///< the process has ended (also if it is a zombie); its PID may have been reused
};

/// A process and its parent.
struct Descent {
  ProcessId pid = 0;
  ProcessId parent = 0;
  /// If the parent is process 1 or this program and may have adopted the process: the PID of the
  /// leader of its process group. If a tree contains that leader, the process belongs to it.
  /// Otherwise 0.
  ProcessId orphan_of = 0;
  /// Whether the process leads its process group.
  bool leads_group = false;
  /// Whether the process was born since the last but one tick began, or in the second before this
  /// tick: one whose birth was not complete at a look is found at a later one. Empty if the system
  /// does not tell.
  std::optional<bool> is_newborn = {};
  /// A number that only this process has had while the system remembers it; 0 if there is none.
  std::uint64_t incarnation = 0;
  /// FamilyReading::children_cpu_ns when the process was found; known if `incarnation` is.
  Figure<std::uint64_t> children_cpu_ns = {};
  /// Whether the process is a thread of the kernel, which never has memory of its own.
  bool is_kernel_thread = false;
};

/// What a process tree needs to know about a member besides its figures.
struct FamilyReading {
  ProcessId parent = 0;
  /// Whether the process is being reaped right now, so that its usage may already count as its
  /// parent's.
  bool is_being_collected = false;
  /// Whether nothing is known because descriptors or memory are short.
  bool is_unread = false;
  /// As Descent::leads_group and Descent::is_kernel_thread.
  bool leads_group = false;
  bool is_kernel_thread = false;
  /// CPU time of the children that the process has reaped, including what they had reaped. Linux:
  /// in clock ticks (usually 10 ms), user and system time each rounded down.
  Figure<std::uint64_t> children_cpu_ns;
  /// The same for the further counters in ChildrenAccounts::apart.
  FurtherReadings children;

  /// Makes everything unknown. Keeps the set of requested figures.
  void clear() noexcept {
    const FurtherReadings kept = children;
    *this = {};
    children = kept;
    children.clear();
  }
};

/// The further counters for which a process has a total of its reaped children: `apart` as a value
/// of its own, `contained` as part of the process's own value. Other counters have no such total.
struct ChildrenAccounts {
  FurtherFigures apart = {};
  FurtherFigures contained = {};
};

struct SamplerOptions {
  /// Where procfs is mounted (Linux). It may belong to another PID namespace, such as the host's
  /// when seen from a container. CPU time then comes from `stat`, in clock ticks (usually 10 ms).
  std::string proc_root = "/proc";

  /// How many file descriptors the samplers of one context may keep open, three per process.
  /// Processes beyond it are read by path, at three to four times the cost. Default: half of the
  /// soft RLIMIT_NOFILE when the context is created.
  std::optional<std::size_t> max_kept_descriptors = {};

  /// Maximum age of the memory figures of an idle process before they are read again (Linux; see
  /// ProcessSampler). Zero: all processes are read in full at every tick.
  std::chrono::nanoseconds max_idle_age = std::chrono::seconds(10);

  /// Minimum time between two readings of a process's memory_pss (Linux).
  std::chrono::nanoseconds min_pss_interval = std::chrono::seconds(30);
};

/// The state shared by the samplers of one registry: the proc root, the descriptor budget and what
/// is read once per tick for the whole system. Must outlive its samplers. Not thread-safe.
class SamplingContext {
 public:
  explicit SamplingContext(SamplerOptions options = {});
  ~SamplingContext();
  SamplingContext(SamplingContext&&) noexcept;
  SamplingContext& operator=(SamplingContext&&) noexcept;

  /// Reads the system-wide data of a tick. Call it before a round of ProcessSampler::read.
  void begin_tick() noexcept;

  /// Returns whether the samplers and this program's system calls use the same PIDs. If not, a PID
  /// returned by a system call may belong to another process below the proc root. False only on
  /// Linux, if the proc root is of another PID namespace or was not opened yet.
  [[nodiscard]] bool has_own_pids() const noexcept;

  /// Returns the processes that have appeared since the last call, or all processes. The first call
  /// after begin_tick() also finds those that were incomplete at earlier calls. Linux: finds them
  /// by the ids given out since (ns_last_pid, or the last field of /proc/loadavg); the cost grows
  /// with the births. Returns all processes if the ids have wrapped around, after very many births,
  /// or at a proc root of another PID namespace. Valid until the next call of this
  /// function or of candidates().
  [[nodiscard]] std::span<const Descent> new_processes() noexcept;

  /// Returns processes that include all descendants of `ancestor` that new_processes() has
  /// returned. If `ancestor` was started before the latest tick, returns all processes, scanned at
  /// most once per tick.
  [[nodiscard]] std::span<const Descent> candidates(ProcessId ancestor) noexcept;

  /// Returns whether processes may have started and ended since the previous tick without being
  /// seen by new_processes(). A process that has run since may then have reaped some of them.
  [[nodiscard]] bool missed_processes() const noexcept;

  /// Returns whether processes may be missing from what new_processes() has returned, because
  /// descriptors or memory are short. A later call returns them once they can be read.
  [[nodiscard]] bool has_unread_processes() const noexcept;

  /// Returns the process that has this PID now, a zombie included; empty if there is none, or if
  /// the system lists processes only all at once (Windows).
  [[nodiscard]] std::optional<Descent> descent_of(ProcessId pid) noexcept;

  /// Returns this program as the samplers know it; 0 if its PID below the proc root is another.
  [[nodiscard]] ProcessId own_process() const noexcept;

  /// Makes the next new_processes() return all processes.
  void recount_processes() noexcept;

  /// Returns whether this system reports FamilyReading::children_cpu_ns.
  [[nodiscard]] bool reports_children_cpu() const noexcept;

  [[nodiscard]] ChildrenAccounts children_accounts() const noexcept;

  struct State;  ///< defined by the platform
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// One opened process. Reads its figures as often as needed, and never those of another process
/// that got the same PID later. Hides the operating system. Not thread-safe.
///
/// Linux: CPU time comes from clock_gettime(2) on the clock of clock_getcpuclockid(3), in
/// nanoseconds; resident and virtual size from /proc/PID/statm, in pages; swap from VmSwap in
/// /proc/PID/status, read only while the system uses any swap; threads from the link count of
/// /proc/PID/task; descriptors from the size of /proc/PID/fd (since Linux 6.2), otherwise by
/// counting its entries (proc_pid_stat(5) and related pages; fs/proc/base.c, fs/proc/fd.c). A
/// system that has no swap at all is asked again after 100 ms.
///
/// A process is idle if its CPU time has not changed since the previous tick. For an idle process,
/// threads, descriptors and virtual size are reused for up to six times
/// SamplerOptions::max_idle_age. Resident size and swap are reused until the system has reclaimed
/// memory (/proc/vmstat, proc_vmstat(5)), for at most max_idle_age. During that time, the effects
/// of other processes on it are not seen: through a descriptor table or memory shared with it
/// (CLONE_FILES, CLONE_VM), by process_madvise(2) or ptrace(2), or by truncating a file that it has
/// mapped.
///
/// macOS: the figures of ProcessMetrics come from proc_pidinfo (libproc.h). One PROC_PIDTASKALLINFO
/// call gives the start time (for the identity), CPU time (in Mach units, converted by
/// mach_timebase_info), resident and virtual size, and threads. PROC_PIDLISTFDS gives the
/// descriptors. There is no swap figure per process. Only root can read a process of another user.
///
/// Windows: CPU time, in units of 100 ns, and threads come from NtQuerySystemInformation
/// (SystemProcessInformation), read for all processes at once in begin_tick and open. The resident
/// size is the working set and memory_vms_bytes the private commit, both from GetProcessMemoryInfo.
/// There are no swap and file descriptor figures per process. An open handle prevents reuse of the
/// PID, and also shows whether the process has ended.
class ProcessSampler {
 public:
  using Context = SamplingContext;

  /// Opens the process that has this PID now. On failure, returns empty and sets `error`: no such
  /// process (std::errc::no_such_process), not allowed (permission_denied), no sampler for this
  /// platform (function_not_supported), or the reason why the proc root cannot be opened, such as
  /// no_such_file_or_directory or too_many_files_open. A context whose proc root could not be
  /// opened tries again at each call.
  [[nodiscard]] static std::optional<ProcessSampler> open(Context& context, ProcessId pid,
                                                          std::error_code& error);

  ~ProcessSampler();
  ProcessSampler(ProcessSampler&&) noexcept;
  ProcessSampler& operator=(ProcessSampler&&) noexcept;

  /// Prefetches the sampler's state into the processor's cache, as a hint that a read will follow
  /// soon.
  void prefetch() const noexcept;

  /// Reads all figures; a figure that cannot be read stays unknown. Allocates nothing.
  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept;

  /// Reads what a process tree needs. Also reads a process that has ended, until it has been
  /// reaped. Allocates nothing.
  [[nodiscard]] ReadStatus read_family(FamilyReading& reading) noexcept;

  /// As above, for a sampler opened by the PID in `found`. Takes what `found` contains, instead of
  /// reading it again, if that certainly is of the same process. Linux: the inode of
  /// /proc/PID/stat shows this (proc_pid_make_inode in fs/proc/base.c).
  [[nodiscard]] ReadStatus read_family(FamilyReading& reading, const Descent& found) noexcept;

  /// Reads only the counters: CPU time and the requested further ones. Levels may stay unknown.
  /// Needs no begin_tick(). Allocates nothing. Linux: uses the CPU clock and one fstat(2) of the
  /// kept `task` directory, which has links only while the process exists (proc_task_getattr in
  /// fs/proc/base.c).
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept;

 private:
  struct State;  ///< defined by the platform
  explicit ProcessSampler(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

}  // namespace provisr
