#include "daemon/platform/posix/process_group.hpp"

#include "daemon/platform/linux/proc_processes.hpp"

#include <provisr/sampler.hpp>

#include <algorithm>
#include <cerrno>
#include <signal.h>
#include <vector>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool is_living_member(pid_t pid, pid_t group) {
  const auto stat = stat_of(pid);
  return stat && stat->process_group == group && !stat->leader_has_ended();
}

[[nodiscard]] pid_t search_proc(pid_t group) {
  const std::vector<pid_t> pids = all_processes();
  if (pids.empty()) return group;  // no procfs: the signal is the only evidence
  const auto member =
      std::ranges::find_if(pids, [group](pid_t pid) { return is_living_member(pid, group); });
  return member == pids.end() ? 0 : *member;
}

/// Whether /proc shows the PIDs that system calls return.
bool has_own_proc() {
  static const bool is_own =
      SamplingContext(SamplerOptions{.max_kept_descriptors = 0}).has_own_pids();
  return is_own;
}

}  // namespace

pid_t living_member(pid_t group, pid_t known) {
  if (kill(-group, 0) != 0 && errno == ESRCH) return 0;
  if (!has_own_proc()) return group;  // the signal is the only evidence
  if (known != 0 && is_living_member(known, group)) return known;
  return search_proc(group);
}

bool is_unexecuted_fork(pid_t pid) {
  if (!has_own_proc()) return false;
  const auto stat = stat_of(pid);
  return stat && stat->is_unexecuted_fork();
}

}  // namespace provisr::daemon
