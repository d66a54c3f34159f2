#pragma once

#include <cstddef>
#include <span>
#include <sys/types.h>
#include <vector>

namespace provisr::bench {

/// Real processes to be sampled: children of this one that do nothing but pause(). They end with
/// it.
class Sleepers {
 public:
  Sleepers() = default;
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;
  ~Sleepers();

  /// The process ids of `count` of them, started as needed; fewer if the system allows no
  /// more. Call it before the program has threads.
  [[nodiscard]] std::span<const pid_t> first(std::size_t count);

 private:
  std::vector<pid_t> pids_;
};

/// Those that all benchmarks of a program share.
[[nodiscard]] Sleepers& shared_sleepers();

}  // namespace provisr::bench
