#pragma once

#include <cstddef>
#include <cstdint>
#include <sys/types.h>
#include <vector>

namespace provisr::bench {

/// A leader and its children, which sleep. They end with it, and it with the program.
class SleepingTree {
 public:
  /// Call it before the program has threads.
  explicit SleepingTree(std::size_t members);
  ~SleepingTree();
  SleepingTree(const SleepingTree&) = delete;
  SleepingTree& operator=(const SleepingTree&) = delete;

  /// The members it was made with, the leader first.
  [[nodiscard]] const std::vector<pid_t>& pids() const { return pids_; }

  /// The leader starts so many children more; returns when they are there.
  void bear(std::uint32_t count);

  /// The leader ends the children of bear() and waits for them.
  void end_born();

 private:
  void command(std::uint32_t count, pid_t* answers, std::size_t expected) const;

  std::vector<pid_t> pids_;
  int commands_ = -1;
  int answers_ = -1;
};

}  // namespace provisr::bench
