#pragma once

#include "lib/platform/posix/file_descriptor.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <sys/types.h>

namespace provisr::daemon {

/// Tells ends by the kernel's OOM killer from others: their cgroup's count of kills has risen
/// (`oom_kill` of memory.events, Linux 4.13; of memory.oom_control in version 1). Not thread-safe.
class OomCounter {
 public:
  struct Roots {
    std::filesystem::path proc = "/proc";
    std::filesystem::path cgroup = "/sys/fs/cgroup";
  };
  using TimePoint = std::chrono::steady_clock::time_point;

  OomCounter() : OomCounter(Roots()) {}
  explicit OomCounter(Roots roots);

  /// The kills so far in the cgroup of this program explain no end.
  void begin(pid_t own_pid, TimePoint now);

  /// Looks whether there were kills, so that those of processes that are none of ours are known
  /// when a child ends. To be called again and again; a no-op within a second of the one before.
  void look(TimePoint now);

  /// Whether a kill that has explained no other end explains that of `pid`, which is a zombie. A
  /// kill is forgotten a second after it was seen first: it was of a process that is none of ours.
  /// If the latest look is more than 15 s old, nobody can tell, and nothing is guessed.
  [[nodiscard]] bool explains_end_of(pid_t pid, TimePoint now);

  /// Begins to count the kills in the cgroup of a process that need not be a child, while it lives.
  /// The cost goes with the kills, not with the cgroups (inotify). Returns what to call
  /// explains_end_in() and forget() with; empty if the kernel does not count for that cgroup alone
  /// (memory.events.local, Linux 5.2).
  [[nodiscard]] std::filesystem::path watch(pid_t pid, TimePoint now);
  void forget(const std::filesystem::path& file);

  /// Whether a kill that has explained no other end explains that of a process that has ended in
  /// the cgroup of this id, the inode of its folder. A kill is forgotten after three seconds: such
  /// an end is noticed later than a child's.
  [[nodiscard]] bool explains_end_in(const std::filesystem::path& file, std::uint64_t cgroup_id,
                                     TimePoint now);

 private:
  struct Kills {
    std::uint64_t cgroup_id = 0;  ///< of one that is watched
    std::size_t watchers = 0;
    int notice = -1;  ///< of changes of the count
    std::uint64_t seen = 0;
    std::uint64_t left = 0;  ///< that explain no end yet
    TimePoint seen_at{};
    TimePoint looked_at{};
  };

  void look_at(const std::filesystem::path& file, Kills& kills, TimePoint now) const;
  void take_notices(TimePoint now);
  [[nodiscard]] bool take_one(Kills& kills) const;

  /// Where the kernel counts the kills in the cgroup of a process; empty if it does not.
  [[nodiscard]] std::filesystem::path count_file_of(pid_t pid) const;

  Roots roots_;
  std::filesystem::path own_file_;  ///< where the kills in this program's cgroup are counted
  std::map<std::filesystem::path, Kills> kills_;
  posix_platform::FileDescriptor notices_;  ///< that a count of a watched cgroup has changed
  TimePoint noticed_at_{};                  ///< when they were read last
  TimePoint next_look_{};
};

}  // namespace provisr::daemon
