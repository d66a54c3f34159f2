#pragma once

#include "daemon/supervisor/process_status.hpp"

#include <cstddef>
#include <mutex>

namespace provisr::daemon {

/// The process statuses of one thread, published to all others. The cost of a change is constant:
/// the first reader after it makes the list.
///
/// Thread safety: published() from any thread; the rest from one.
class StatusBoard {
 public:
  /// While one exists, other threads see the list as it was before: several changes become one.
  class Revision {
   public:
    explicit Revision(StatusBoard& board) : board_(board) { board_.begin_revision(); }
    ~Revision() { board_.end_revision(); }
    Revision(const Revision&) = delete;
    Revision& operator=(const Revision&) = delete;

   private:
    StatusBoard& board_;
  };

  /// Sets the status at `index`, at most one past the last. Returns whether it has changed.
  bool set(std::size_t index, const ProcessStatus& status);

  /// Removes the statuses from index `size` on.
  void shrink(std::size_t size);

  /// Returns the current list; never null.
  [[nodiscard]] SharedStatusList published() const;

 private:
  void begin_revision();
  void end_revision();
  void publish() const;

  mutable std::mutex mutex_;  ///< guards what follows; only the owner's thread changes latest_
  StatusList latest_;
  mutable SharedStatusList published_;  ///< null or older than latest_ if is_changed_
  mutable bool is_changed_ = true;
  int revisions_ = 0;  ///< that exist
};

}  // namespace provisr::daemon
