#include "daemon/platform/posix/orphans.hpp"

#include <algorithm>
#include <signal.h>

namespace provisr::daemon {

std::vector<pid_t> OrphanDesk::to_signal(std::initializer_list<int> signals) {
  const OrphanSearch search = search_();
  if (!search.is_complete) unsent_.insert(unsent_.end(), signals);
  drop_ended();
  note(search.found);
  std::vector<pid_t> orphans;
  for (const auto& [pid, started_at] : known_) orphans.push_back(pid);
  return orphans;
}

/// Looks at the known ones before it searches for their children.
bool OrphanDesk::may_exist() {
  drop_ended();
  const bool is_one_known = !known_.empty();
  const OrphanSearch search = search_();
  note(search.found);
  if (!search.is_complete) return true;
  for (const int signal : std::exchange(unsent_, {})) {
    for (const pid_t orphan : search.found) signal_orphan(orphan, signal);
  }
  return is_one_known || !search.found.empty();
}

void OrphanDesk::note(const std::vector<pid_t>& found) {
  for (const pid_t pid : found) {
    if (known_.contains(pid)) continue;  // drop_ended() drops a PID that was reused
    if (const auto started_at = start_of_living(pid)) known_.emplace(pid, *started_at);
  }
}

void OrphanDesk::drop_ended() {
  std::erase_if(known_,
                [](const auto& orphan) { return start_of_living(orphan.first) != orphan.second; });
}

bool OrphanDesk::owes_kill() const {
  return std::ranges::find(unsent_, SIGKILL) != unsent_.end();
}

}  // namespace provisr::daemon
