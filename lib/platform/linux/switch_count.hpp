#pragma once

#include <provisr/process_metrics.hpp>

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
    ProcessId id;
    ContextSwitches switches;
  };

  [[nodiscard]] bool list_threads(int task);
  void add_missed(int task);
  void keep_ended() noexcept;
  [[nodiscard]] ContextSwitches total() const noexcept;
  static void sort_by_id(std::vector<Thread>& threads) noexcept;

  std::vector<Thread> threads_;  ///< of the latest reading, by id
  std::vector<Thread> listed_;   ///< of the reading under way
  ContextSwitches ended_;
};

}  // namespace provisr::linux_platform
