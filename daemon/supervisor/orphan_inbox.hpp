#pragma once

#include <provisr/process_metrics.hpp>

#include <mutex>
#include <vector>

namespace provisr::daemon {

/// New orphans that no tree contains, from the threads that sample to the supervisor.
///
/// Thread-safe.
class OrphanInbox {
 public:
  struct Orphan {
    ProcessId pid = 0;
    ProcessId adopter = 0;  ///< see OrphanObserver
  };

  /// Drops the orphan if memory is short or if very many wait.
  void put(Orphan orphan) noexcept;

  /// Returns those put since the last call.
  [[nodiscard]] std::vector<Orphan> take();

 private:
  std::mutex mutex_;
  std::vector<Orphan> orphans_;
};

}  // namespace provisr::daemon
