#pragma once

#include "daemon/supervisor/process_status.hpp"

#include <cstddef>
#include <mutex>

namespace provisr::daemon {

/// Shows one thread's processes to all others.
///
/// Thread safety: published() from any thread; the rest from one.
class StatusBoard {
 public:
  /// The status at `index`, at most one beyond those known so far. Seen after publish().
  void set(std::size_t index, const ProcessStatus& status);

  /// Replaces the published list if something has changed.
  void publish();

  /// Never null.
  [[nodiscard]] SharedStatusList published() const;

 private:
  StatusList latest_;
  bool is_changed_ = false;
  mutable std::mutex mutex_;
  SharedStatusList published_ = std::make_shared<const StatusList>();  ///< guarded by mutex_
};

}  // namespace provisr::daemon
