#include "daemon/platform/posix/orphans.hpp"

#include <algorithm>
#include <signal.h>

namespace provisr::daemon {

std::vector<pid_t> OrphanDesk::to_signal(std::initializer_list<int> signals) {
  drop_ended();
  std::erase_if(sent_, [&](int sent) { return std::ranges::find(signals, sent) != signals.end(); });
  send_to(find_new());
  sent_.insert(sent_.end(), signals);
  std::vector<pid_t> orphans;
  for (const auto& [pid, started_at] : known_) orphans.push_back(pid);
  return orphans;
}

/// Looks at the known ones before it searches for their children.
bool OrphanDesk::may_exist() {
  drop_ended();
  const bool is_one_known = !known_.empty();
  const std::vector<pid_t> found = find_new();
  send_to(found);
  return is_one_known || !found.empty() || !is_complete_ || may_be_unknown();
}

std::vector<pid_t> OrphanDesk::find_new() {
  const OrphanSearch search = search_();
  is_complete_ = search.is_complete;
  has_unknown_ = search.has_unknown;
  std::vector<pid_t> added;
  for (const pid_t pid : search.found) {
    if (known_.contains(pid)) continue;  // drop_ended() drops a PID that was reused
    if (const auto started_at = start_of_living(pid)) {
      known_.emplace(pid, *started_at);
      added.push_back(pid);
    } else {
      has_unknown_ = true;  // it has just ended: its children may have become orphans
    }
  }
  return added;
}

void OrphanDesk::send_to(const std::vector<pid_t>& orphans) const {
  for (const pid_t orphan : orphans) {
    for (const int signal : sent_) signal_orphan(orphan, signal);
  }
}

/// Gives unknown processes some seconds to end, at the usual twenty looks a second: one that hangs
/// in the kernel may be of any child, or of none.
bool OrphanDesk::may_be_unknown() {
  constexpr int max_looks = 100;
  return has_unknown_ && looks_at_unknown_++ < max_looks;
}

void OrphanDesk::drop_ended() {
  std::erase_if(known_,
                [](const auto& orphan) { return start_of_living(orphan.first) != orphan.second; });
}

bool OrphanDesk::owes_kill() const {
  return !is_complete_ && std::ranges::find(sent_, SIGKILL) != sent_.end();
}

}  // namespace provisr::daemon
