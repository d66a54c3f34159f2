#include "daemon/platform/posix/orphans.hpp"

#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/linux/environments.hpp"
#include "daemon/platform/linux/proc_processes.hpp"
#include "daemon/platform/orphan_origins.hpp"
#include "daemon/platform/posix/launch_mark.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <iterator>
#include <set>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

/// Adopters and marks of orphans that a search is to kill.
using DoomedOrphans = std::set<std::pair<pid_t, std::string>>;

[[nodiscard]] DoomedOrphans& doomed_orphans() {
  static DoomedOrphans orphans;
  return orphans;
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

OrphanSearch search_orphans(pid_t adopter, std::string_view mark,
                            const std::unordered_set<pid_t>& started) {
  const std::vector<ProcessId> children = children_of(adopter);
  std::vector<pid_t> candidates;
  std::ranges::copy_if(children, std::back_inserter(candidates),
                       [&](ProcessId pid) { return !started.contains(static_cast<pid_t>(pid)); });
  const std::vector<std::string> texts = environments().of(candidates);
  OrphanSearch search{.is_complete = !environments().lacks_thread()};
  DoomedOrphans& doomed = doomed_orphans();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::string_view its_mark = mark_in(texts[i]);
    if (its_mark == mark) search.found.push_back(candidates[i]);
    const bool is_doomed = !doomed.empty() && doomed.contains({adopter, std::string(its_mark)});
    if (is_doomed) signal_orphan(candidates[i], SIGKILL);
  }
  if (search.is_complete)
    std::erase_if(doomed, [&](const auto& one) { return one.first == adopter; });
  return search;
}

void kill_orphans_later(pid_t adopter, std::string_view mark) noexcept {
  constexpr std::size_t most = 4096;
  if (doomed_orphans().size() >= most) return;
  try {
    doomed_orphans().emplace(adopter, mark);
  } catch (const std::exception&) {  // out of memory
  }
}

std::optional<std::uint64_t> start_of_living(pid_t process) {
  const auto stat = stat_of(process);
  if (!stat || stat->has_ended()) return std::nullopt;
  return stat->start_clock_ticks;
}

void signal_orphan(pid_t orphan, int signal) noexcept {
  if (::kill(-orphan, signal) != 0) ::kill(orphan, signal);
}

}  // namespace provisr::daemon
