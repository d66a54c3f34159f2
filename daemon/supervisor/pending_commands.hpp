#pragma once

#include "daemon/supervisor/command.hpp"
#include "daemon/supervisor/managed_child.hpp"

#include <string>
#include <unordered_set>
#include <vector>

namespace provisr::daemon {

/// The commands whose processes have not all reached their goal. Not thread-safe.
class PendingCommands {
 public:
  /// Adds a command. It is replied to once each process has reached `goal` or cannot reach it.
  void add(Goal goal, std::vector<std::string> names, ReplyHandler reply);

  [[nodiscard]] std::size_t size() const { return pending_.size(); }

  /// Must be called after each change of a process. Costs O(pending commands), not O(processes).
  void note_change(const ManagedChild& child);

  /// Replies to all remaining commands that the daemon is ending.
  void abandon();

 private:
  struct Pending {
    Goal goal;
    std::vector<std::string> names;
    std::unordered_set<std::string> open;
    std::string error;  ///< of the first that failed
    ReplyHandler reply;

    void note_change(const ManagedChild& child);
  };

  std::vector<Pending> pending_;
};

}  // namespace provisr::daemon
