#include "daemon/platform/posix/orphans.hpp"

#include <algorithm>
#include <signal.h>

namespace provisr::daemon {

std::vector<pid_t> OrphanDesk::to_signal(std::initializer_list<int> signals) {
  OrphanSearch search = search_();
  if (!search.is_complete) unsent_.insert(unsent_.end(), signals);
  return std::move(search.found);
}

bool OrphanDesk::may_exist() {
  const OrphanSearch search = search_();
  if (!search.is_complete) return true;
  for (const int signal : std::exchange(unsent_, {})) {
    for (const pid_t orphan : search.found) signal_orphan(orphan, signal);
  }
  return !search.found.empty();
}

bool OrphanDesk::owes_kill() const {
  return std::ranges::find(unsent_, SIGKILL) != unsent_.end();
}

}  // namespace provisr::daemon
