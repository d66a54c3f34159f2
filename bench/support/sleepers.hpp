#pragma once

#include <cstddef>
#include <span>
#include <sys/types.h>
#include <vector>

namespace provisr::bench {

/// Real processes to sample: children of this process that only call pause(). They end with it.
class Sleepers {
 public:
  Sleepers() = default;
  Sleepers(const Sleepers&) = delete;
  Sleepers& operator=(const Sleepers&) = delete;
  ~Sleepers();

  /// Returns the PIDs of the first `count` sleepers and starts missing ones. Returns fewer if the
  /// system allows no more processes. Call it before the program has threads.
  [[nodiscard]] std::span<const pid_t> first(std::size_t count);

 private:
  std::vector<pid_t> pids_;
};

/// Returns the sleepers that all benchmarks of a program share.
[[nodiscard]] Sleepers& shared_sleepers();

}  // namespace provisr::bench
