#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace provisr::bench {

/// A leader process with sleeping children. The children end with the leader, and the leader with
/// the program.
class SleepingTree {
 public:
  /// Starts a leader with `members` - 1 children. Call it before the program has threads.
  explicit SleepingTree(std::size_t members);
  ~SleepingTree();
  SleepingTree(const SleepingTree&) = delete;
  SleepingTree& operator=(const SleepingTree&) = delete;

  /// Returns the members that the constructor started, the leader first.
  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }

  /// Has the leader start `count` more children. Returns them when they exist.
  std::vector<pid_t> bear(std::uint32_t count);

  /// Has the leader kill and reap the children of bear().
  void end_born();

 private:
  void command(std::uint32_t count, pid_t* answers, std::size_t expected) const;

  std::vector<pid_t> pids_;
  int commands_ = -1;
  int answers_ = -1;
};

}  // namespace provisr::bench
