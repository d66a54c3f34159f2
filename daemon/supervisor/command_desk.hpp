#pragma once

#include "daemon/platform/wakeup.hpp"
#include "daemon/supervisor/command.hpp"

#include <cstddef>
#include <mutex>
#include <vector>

namespace provisr::daemon {

/// Where other threads leave commands for the supervisor, as many as there is room for.
///
/// Thread safety: submit() from any thread; the rest from the supervisor's.
class CommandDesk {
 public:
  struct Entry {
    Command command;
    ReplyHandler reply;
  };

  /// How many commands may wait to be taken, and how many that were taken to be done.
  static constexpr std::size_t capacity = 1024;

  /// Wakes the supervisor. Replies at once if the desk is closed or full.
  void submit(Command command, ReplyHandler reply);

  /// The commands since the last call, oldest first.
  [[nodiscard]] std::vector<Entry> take();

  /// Refuses the commands that are left and all later ones.
  void close();

  [[nodiscard]] Wakeup& wakeup() { return wakeup_; }

 private:
  Wakeup wakeup_;
  std::mutex mutex_;
  std::vector<Entry> entries_;  ///< guarded by mutex_
  bool is_closed_ = false;      ///< guarded by mutex_
};

/// The reply to a command that comes too late.
[[nodiscard]] CommandReply shutting_down_reply();

/// The reply to one for which there is no room.
[[nodiscard]] CommandReply busy_reply();

}  // namespace provisr::daemon
