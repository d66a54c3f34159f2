#include "daemon/platform/posix/orphans.hpp"

#include "daemon/platform/ended_children.hpp"
#include "daemon/platform/linux/environments.hpp"
#include "daemon/platform/linux/proc_processes.hpp"
#include "daemon/platform/orphan_origins.hpp"
#include "daemon/platform/posix/launch_mark.hpp"

#include <cstddef>
#include <exception>
#include <set>
#include <signal.h>
#include <string>
#include <sys/prctl.h>
#include <unistd.h>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

/// Adopters and marks of orphans that a search is to kill.
using DoomedOrphans = std::set<std::pair<pid_t, std::string>>;

[[nodiscard]] DoomedOrphans& doomed_orphans() {
  static DoomedOrphans orphans;
  return orphans;
}

/// Returns the children that this program has not started and that are not in `seen`. Adds them.
[[nodiscard]] std::vector<pid_t> unseen_children(pid_t parent,
                                                 const std::unordered_set<pid_t>& started,
                                                 std::unordered_set<pid_t>& seen) {
  std::vector<pid_t> children;
  for (const ProcessId pid : children_of(parent)) {
    const auto child = static_cast<pid_t>(pid);
    if (!started.contains(child) && seen.insert(child).second) children.push_back(child);
  }
  return children;
}

/// Adds the process to `search` if it has the `wanted` mark. Kills it if it is doomed.
void judge_candidate(pid_t process, pid_t adopter, std::string_view mark, std::string_view wanted,
                     OrphanSearch& search) {
  if (mark == wanted) search.found.push_back(process);
  const DoomedOrphans& doomed = doomed_orphans();
  const bool is_doomed = !doomed.empty() && doomed.contains({adopter, std::string(mark)});
  if (is_doomed) signal_orphan(process, SIGKILL);
}

/// Notes why a process has no environment: it has ended, or is about to. A process whose first
/// thread alone has ended, and one with an empty environment, are neither.
void note_without_environment(pid_t process, bool& has_ended, bool& is_ending) {
  const auto stat = stat_of(process);
  if (!stat || stat->has_ended()) {
    has_ended = true;
  } else if (stat->is_ending() && !stat->leader_has_ended()) {
    is_ending = true;
  }
}

}  // namespace

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/// If a candidate has ended meanwhile, its children are children of `adopter` by now: they are
/// looked at, too.
OrphanSearch search_orphans(pid_t adopter, std::string_view mark,
                            const std::unordered_set<pid_t>& started) {
  constexpr int max_rounds = 8;
  OrphanSearch search;
  std::unordered_set<pid_t> seen;
  for (int round = 0; round < max_rounds; ++round) {
    const std::vector<pid_t> candidates = unseen_children(adopter, started, seen);
    const std::vector<std::string> texts = environments().of(candidates);
    search.is_complete &= !environments().lacks_thread();
    bool has_ended = false;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      judge_candidate(candidates[i], adopter, mark_in(texts[i]), mark, search);
      if (texts[i].empty()) note_without_environment(candidates[i], has_ended, search.has_unknown);
    }
    if (!has_ended) break;
  }
  const bool knows_all = search.is_complete && !search.has_unknown;
  if (knows_all) {
    std::erase_if(doomed_orphans(), [&](const auto& one) { return one.first == adopter; });
  }
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
