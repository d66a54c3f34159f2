#pragma once

#include "daemon/supervisor/process_status.hpp"

#include <cstddef>
#include <mutex>

namespace provisr::daemon {

/// Shows one thread's processes to all others. A change costs the same however many there are: the
/// list is made by the first who asks after it.
///
/// Thread safety: published() from any thread; the rest from one.
class StatusBoard {
 public:
  /// The status at `index`, at most one beyond those known so far. Returns whether it differs from
  /// that before.
  bool set(std::size_t index, const ProcessStatus& status);

  /// Forgets those from `size` on.
  void shrink(std::size_t size);

  /// Never null.
  [[nodiscard]] SharedStatusList published() const;

 private:
  mutable std::mutex mutex_;  ///< guards what follows; set() alone changes latest_
  StatusList latest_;
  mutable SharedStatusList published_;  ///< null or older than latest_ if is_changed_
  mutable bool is_changed_ = true;
};

}  // namespace provisr::daemon
