#pragma once

#include "daemon/platform/linux/kernel_log.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <sys/types.h>

namespace provisr::daemon {

/// Detects ends by the kernel's OOM killer: the kill count of the process's cgroup has risen
/// (`oom_kill` of memory.events, Linux 4.13, or of memory.oom_control in version 1). A cgroup may
/// be removed with its count once its last process has ended, as systemd does; then the kernel's
/// log tells, which has the PID of each victim. A victim may take many seconds to end, to give back
/// all its memory; so the processes that are ending when the count rises are remembered. Not
/// thread-safe.
class OomCounter {
 public:
  struct Roots {
    std::filesystem::path proc = "/proc";
    std::filesystem::path cgroup = "/sys/fs/cgroup";
    std::filesystem::path kernel_log =
        {};  ///< /dev/kmsg; empty if its PIDs are not those of `proc`
  };
  using TimePoint = std::chrono::steady_clock::time_point;

  OomCounter() : OomCounter(Roots()) {}
  explicit OomCounter(Roots roots);

  /// Ignores all earlier kills in the cgroup of this program.
  void begin(pid_t own_pid, TimePoint now);

  /// Checks for kills, so that kills of unrelated processes are not attributed to a child later.
  /// Call it repeatedly; a no-op within one second of the previous check.
  void look(TimePoint now);

  /// Whether an unattributed kill explains the end of `pid`, which must be a zombie. A kill is
  /// forgotten one second after it was first seen, because its victim was an unrelated process or
  /// is remembered.
  /// Returns false if the previous check is more than 15 s old: the victim cannot be known then.
  [[nodiscard]] bool explains_end_of(pid_t pid, TimePoint now);

  /// Begins to count kills in the cgroup of a live process that need not be a child. The cost
  /// depends on the number of kills, not of cgroups (inotify). Returns the argument for
  /// explains_end_in() and forget(); empty if the kernel has no count for that cgroup alone
  /// (memory.events.local, Linux 5.2); then only its log tells.
  [[nodiscard]] std::filesystem::path watch(pid_t pid, TimePoint now);
  void forget(const std::filesystem::path& file);

  struct End {
    pid_t pid = 0;
    std::uint64_t cgroup_id = 0;  ///< the inode of the folder
  };

  /// Whether an unattributed kill explains this end of a process that is watched by `file`. A kill
  /// is forgotten after three seconds, because such an end is noticed later than that of a child.
  [[nodiscard]] bool explains_end_in(const std::filesystem::path& file, const End& end,
                                     TimePoint now);

  /// Whether the kernel's log says that it killed this process, since the first watch(). True once
  /// for each kill. The kill is forgotten three seconds after it was logged, if the process is
  /// gone.
  [[nodiscard]] bool logs_kill_of(pid_t pid, TimePoint now);

 private:
  struct Kills {
    std::uint64_t cgroup_id = 0;  ///< of a watched cgroup
    std::size_t watchers = 0;
    int notice = -1;  ///< inotify watch of the count file
    std::uint64_t seen = 0;
    std::uint64_t left = 0;  ///< kills that explain no end yet
    TimePoint seen_at{};
    TimePoint searched_at{};  ///< for processes that are ending
    TimePoint looked_at{};
  };

  void look_at(const std::filesystem::path& file, Kills& kills, TimePoint now);
  void remember_ending(const std::filesystem::path& file, Kills& kills, TimePoint now);
  [[nodiscard]] bool is_ending(pid_t pid) const;
  void forget_victims(TimePoint now);
  void take_notices(TimePoint now);
  [[nodiscard]] bool take_one(Kills& kills, pid_t victim);
  void read_kernel_log(TimePoint now);
  void count_anew(const std::filesystem::path& file, Kills& kills, TimePoint now);

  /// Returns the file in which the kernel counts the kills in a process's cgroup; empty if none.
  [[nodiscard]] std::filesystem::path count_file_of(pid_t pid) const;

  Roots roots_;
  std::filesystem::path own_file_;  ///< counts the kills in this program's cgroup
  std::map<std::filesystem::path, Kills> kills_;
  posix_platform::FileDescriptor notices_;  ///< inotify: the count of a watched cgroup has changed
  std::optional<KernelLog> kernel_log_;     ///< opened by the first watch()
  /// Processes in the kernel's log, and those that were ending when a count rose, with the time.
  std::map<pid_t, TimePoint> victims_;
  TimePoint noticed_at_{};  ///< when the notices were last read
  TimePoint next_look_{};
};

}  // namespace provisr::daemon
