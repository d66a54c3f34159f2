#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace provisr::linux_platform {

struct ContextSwitches {
  std::uint64_t voluntary = 0;
  std::uint64_t involuntary = 0;

  bool operator==(const ContextSwitches&) const noexcept = default;
};

/// Adds up the context switches of all threads of a process. Procfs tells them of each thread that
/// lives: of one that has ended, what was last seen of it is kept, so that the sum never falls.
/// What it did after that, and all of threads that nobody saw, is missed.
class SwitchCount {
 public:
  /// Reads the threads of the process whose `task` directory this is. Empty, with errno set, if
  /// they cannot be listed or memory is short. Allocates only if there are more threads than ever
  /// before.
  [[nodiscard]] std::optional<ContextSwitches> read(int task) noexcept;

 private:
  struct Thread {
    std::int32_t id;
    ContextSwitches switches;
    std::uint64_t round;  ///< in which it was seen last
  };

  [[nodiscard]] bool read_all(int task);
  void read_missed(int task);
  [[nodiscard]] ContextSwitches total() const noexcept;
  void note(std::int32_t id, ContextSwitches switches);
  [[nodiscard]] Thread* find(std::int32_t id) noexcept;
  void end(const Thread& thread) noexcept;

  std::vector<Thread> threads_;
  std::size_t next_ = 0;  ///< where the next thread of the list is expected
  std::uint64_t round_ = 0;
  ContextSwitches ended_;
};

}  // namespace provisr::linux_platform
