#pragma once

#include "daemon/platform/wakeup.hpp"
#include "daemon/supervisor/command.hpp"

#include <cstddef>
#include <mutex>
#include <vector>

namespace provisr::daemon {

/// A bounded queue of commands from other threads to the supervisor.
///
/// Thread safety: submit() from any thread; the rest from the supervisor's thread.
class CommandDesk {
 public:
  struct Entry {
    Command command;
    ReplyHandler reply;
  };

  /// The most commands that may wait to be taken, and the most taken ones that may be pending.
  static constexpr std::size_t capacity = 1024;

  /// Queues a command and wakes the supervisor. Replies at once if the desk is closed or full.
  void submit(Command command, ReplyHandler reply);

  /// Returns the commands since the last call, oldest first.
  [[nodiscard]] std::vector<Entry> take();

  /// Refuses the waiting commands and all later ones.
  void close();

  [[nodiscard]] Wakeup& wakeup() { return wakeup_; }

 private:
  Wakeup wakeup_;
  std::mutex mutex_;
  std::vector<Entry> entries_;  ///< guarded by mutex_
  bool is_closed_ = false;      ///< guarded by mutex_
};

/// Returns the reply to a command that comes too late.
[[nodiscard]] CommandReply shutting_down_reply();
/// Sends shutting_down_reply(), unless memory is short.
void refuse_at_end(const ReplyHandler& reply) noexcept;

/// Returns the reply to a command for which there is no room.
[[nodiscard]] CommandReply busy_reply();

}  // namespace provisr::daemon
