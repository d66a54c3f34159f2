#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// Parsers for the text files of /proc/PID: pure functions over text.
namespace provisr::linux_platform {

/// Large enough for any `status` unless the process is in about a thousand groups.
inline constexpr std::size_t status_buffer_size = 16 * 1024;

/// The first two fields of /proc/PID/statm (proc_pid_statm(5)). Both are zero for a zombie and for
/// a kernel thread.
struct Statm {
  std::uint64_t size_pages = 0;
  std::uint64_t resident_pages = 0;
};
[[nodiscard]] std::optional<Statm> parse_statm(std::string_view text) noexcept;

/// The fields in use of /proc/PID/stat (proc_pid_stat(5)).
struct Stat {
  char state = '?';                         ///< field 3
  std::int32_t parent_pid = 0;              ///< field 4
  std::int32_t process_group = 0;           ///< field 5
  std::uint32_t flags = 0;                  ///< field 9, PF_* in the kernel's include/linux/sched.h
  std::uint64_t major_faults = 0;           ///< field 12, of all threads, including ended ones
  std::uint64_t children_major_faults = 0;  ///< field 13, of reaped children, as fields 16 and 17
  std::uint64_t cpu_clock_ticks = 0;        ///< fields 14 and 15, utime + stime
  /// Fields 16 and 17, cutime + cstime: of the children that the process has reaped, including what
  /// they had reaped.
  std::uint64_t children_clock_ticks = 0;
  std::uint32_t num_threads = 0;        ///< field 20
  std::uint64_t start_clock_ticks = 0;  ///< field 22, since boot
  std::uint64_t size_bytes = 0;         ///< field 23
  std::uint64_t resident_pages = 0;     ///< field 24

  /// Returns whether the first thread has ended. procfs then shows no memory and no descriptors,
  /// although other threads may still use both.
  [[nodiscard]] bool leader_has_ended() const noexcept { return state == 'Z' || state == 'X'; }

  /// EXIT_DEAD is set before the usage is added to the parent's.
  [[nodiscard]] bool is_being_collected() const noexcept { return state == 'X'; }

  /// Returns whether the process has executed no program since it was forked (flag 1 of ps(1)).
  [[nodiscard]] bool is_unexecuted_fork() const noexcept {
    constexpr std::uint32_t forked_but_not_executed = 0x40;  // PF_FORKNOEXEC
    return (flags & forked_but_not_executed) != 0;
  }

  /// Returns whether the process, which has this PID, leads its process group.
  [[nodiscard]] bool leads_group(std::int32_t pid) const noexcept { return process_group == pid; }

  /// Returns whether the process is a thread of the kernel.
  [[nodiscard]] bool is_kernel_thread() const noexcept {
    constexpr std::uint32_t kernel_thread = 0x200000;  // PF_KTHREAD
    return (flags & kernel_thread) != 0;
  }

  /// Returns whether the first thread is ending or has ended.
  [[nodiscard]] bool is_ending() const noexcept {
    constexpr std::uint32_t exiting = 0x4;  // PF_EXITING
    return (flags & exiting) != 0;
  }

  /// Returns whether all threads of the process have ended.
  [[nodiscard]] bool has_ended() const noexcept { return leader_has_ended() && num_threads <= 1; }
};
[[nodiscard]] std::optional<Stat> parse_stat(std::string_view text) noexcept;

/// Returns the value of a "Key: 123 kB" line of /proc/PID/status (proc_pid_status(5)), in bytes.
/// `key` has no colon.
[[nodiscard]] std::optional<std::uint64_t> parse_status_bytes(std::string_view text,
                                                              std::string_view key) noexcept;

/// Returns the value of a "Key: 123" line of /proc/PID/io (proc_pid_io(5)) or `status`. `key` has
/// no colon.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text,
                                                        std::string_view key) noexcept;

/// Returns the soft limit in a line of /proc/PID/limits (proc_pid_limits(5)), such as "Max open
/// files"; empty if it is "unlimited".
[[nodiscard]] std::optional<std::uint64_t> parse_soft_limit(std::string_view limits,
                                                            std::string_view name) noexcept;

/// Reads the values of "key 123" lines of /proc/vmstat (proc_vmstat(5)) in one pass. `values` is
/// parallel to `keys`; the value of a missing or malformed line becomes empty.
void parse_vmstat(std::string_view text, std::span<const std::string_view> keys,
                  std::span<std::optional<std::uint64_t>> values) noexcept;

/// Returns the newest id given out in the reader's PID namespace: the last field of /proc/loadavg
/// (proc_loadavg(5)), or the only one of /proc/sys/kernel/ns_last_pid.
[[nodiscard]] std::optional<std::int32_t> parse_newest_id(std::string_view text) noexcept;

/// Returns whether a process is in a PID namespace below that of the procfs that shows this
/// `status`. Its NSpid line then has more than one id: one for each namespace (Linux 4.1,
/// proc_pid_status(5)).
[[nodiscard]] bool is_of_nested_pid_namespace(std::string_view status) noexcept;

}  // namespace provisr::linux_platform
