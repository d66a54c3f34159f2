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

/// Adds up the context switches of all threads of a process. procfs reports them only for living
/// threads. For an ended thread, the last value seen is kept, so the sum never falls. Switches
/// after that value, and those of threads that were never seen, are missed.
class SwitchCount {
 public:
  /// Reads the threads of the process whose `task` directory this is. Returns empty with errno set
  /// if the threads cannot be listed or memory is short. Allocates only if there are more threads
  /// than ever before.
  [[nodiscard]] std::optional<ContextSwitches> read(int task) noexcept;

 private:
  struct Thread {
    std::int32_t id;
    ContextSwitches switches;
    std::uint64_t round;  ///< round in which it was last seen
  };

  [[nodiscard]] bool read_all(int task);
  void read_missed(int task);
  [[nodiscard]] ContextSwitches total() const noexcept;
  void note(std::int32_t id, ContextSwitches switches);
  [[nodiscard]] Thread* find(std::int32_t id) noexcept;
  void end(const Thread& thread) noexcept;

  std::vector<Thread> threads_;
  std::size_t next_ = 0;  ///< where the next listed thread is expected
  std::uint64_t round_ = 0;
  ContextSwitches ended_;
};

}  // namespace provisr::linux_platform
