#include "daemon/platform/adopted_child.hpp"
#include "daemon/platform/linux/environments.hpp"
#include "daemon/platform/linux/pidfd.hpp"
#include "daemon/platform/linux/proc_processes.hpp"
#include "daemon/platform/posix/launch_mark.hpp"
#include "daemon/platform/posix/process_group.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <signal.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

using Processes = std::vector<ProcessIdentity>;

/// Returns this program and its ancestors. Somebody may start it from a shell that is a leftover.
[[nodiscard]] std::unordered_set<pid_t> self_and_ancestors() {
  std::unordered_set<pid_t> pids;
  for (pid_t pid = ::getpid(); pid > 0 && pids.insert(pid).second;) {
    const auto stat = stat_of(pid);
    pid = stat ? stat->parent_pid : 0;
  }
  return pids;
}

/// The processes of this machine by their mark. Many names may ask for theirs within one start, and
/// a search reads the environment of every process. So all searches together take at most a fifth
/// of the time.
class MarkedProcesses {
 public:
  [[nodiscard]] Processes find(const std::string& mark) {
    const auto begun = Clock::now();
    if (begun >= next_search_) {
      search();
      const auto ended = Clock::now();
      next_search_ = ended + std::max<Clock::duration>(min_pause, 4 * (ended - begun));
    }
    const auto found = by_mark_.find(mark);
    return found == by_mark_.end() ? Processes() : found->second;
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds min_pause{50};

  /// Keeps one environment at a time: each may have megabytes.
  void search() {
    by_mark_.clear();
    const std::unordered_set<pid_t> own = self_and_ancestors();
    for (const pid_t pid : all_processes()) {
      if (own.contains(pid)) continue;
      const std::string mark = mark_of(pid);
      const auto identity = mark.empty() ? std::nullopt : identity_of(pid);
      // Read again after the identity: the PID could have been reused between the two.
      if (identity && mark_of(pid) == mark) by_mark_[mark].push_back(*identity);
    }
  }

  [[nodiscard]] static std::string mark_of(pid_t pid) {
    return std::string(mark_in(environments().of(pid)));
  }

  std::unordered_map<std::string, Processes> by_mark_;
  Clock::time_point next_search_{};
};

[[nodiscard]] Processes marked_processes(const std::string& mark) {
  static MarkedProcesses processes;
  return processes.find(mark);
}

[[nodiscard]] std::optional<linux_platform::Stat> living_stat_of(const ProcessIdentity& process) {
  const auto stat = stat_of(static_cast<pid_t>(process.pid));
  const bool is_same = stat && stat->start_clock_ticks == process.start_clock_ticks;
  return is_same && !stat->has_ended() ? stat : std::nullopt;
}

class Leftovers final : public ChildProcess {
 public:
  Leftovers(ProcessId leader, std::string mark)
      : leader_(static_cast<pid_t>(leader)), mark_(std::move(mark)) {}

  [[nodiscard]] ProcessId pid() const override { return leader_; }
  [[nodiscard]] Execution execution(StartFailure& /*failure*/) override { return Execution::done; }
  [[nodiscard]] bool has_ended() const override { return true; }
  std::optional<ExitStatus> collect_exit() override { return std::nullopt; }
  [[nodiscard]] std::optional<std::uint64_t> memory_peak() const override { return std::nullopt; }

  [[nodiscard]] bool group_alive() const override {
    std::erase_if(marked_, [](const auto& process) { return !living_stat_of(process); });
    if (marked_.empty()) look();
    return !marked_.empty() || has_living_member();
  }

  using ChildProcess::terminate_group;
  bool terminate_group(int signal) override {
    signal_all({signal, SIGCONT});
    return false;
  }

  void kill_group() override { signal_all({SIGKILL}); }

 private:
  void look() const {
    marked_.clear();
    for (const ProcessIdentity& process : marked_processes(mark_)) {
      const auto stat = living_stat_of(process);
      if (!stat) continue;
      marked_.push_back(process);
      has_group_ |= stat->process_group == leader_ && leader_ != ::getpgrp();
    }
  }

  /// A group with a marked member is that of the leader. While a member lives, the kernel does not
  /// reuse the group's number.
  [[nodiscard]] bool has_living_member() const {
    const bool is_reused = ::kill(leader_, 0) == 0 || errno == EPERM;
    has_group_ = has_group_ && !is_reused && living_member(leader_, 0) != 0;
    return has_group_;
  }

  void signal_all(std::initializer_list<int> numbers) {
    look();
    const bool has_group = has_living_member();
    for (const int number : numbers) {
      if (has_group) ::kill(-leader_, number);
      for (const ProcessIdentity& process : marked_) signal_process(process, number);
    }
  }

  static void signal_process(const ProcessIdentity& process, int number) {
    const auto pidfd = open_pidfd(process.pid);
    if (pidfd && living_stat_of(process)) send_signal_to(pidfd, number);
  }

  pid_t leader_;
  std::string mark_;
  mutable Processes marked_;
  mutable bool has_group_ = false;  ///< the leader's group has members
};

/// Returns whether the leader ran under this run of the kernel, in this PID namespace.
[[nodiscard]] bool is_of_this_machine(const ProcessIdentity& leader) {
  const auto self = identity_of(::getpid());
  return self && self->boot == leader.boot && self->pid_namespace == leader.pid_namespace;
}

}  // namespace

std::unique_ptr<ChildProcess> adopt_leftovers(const ProcessIdentity& leader,
                                              std::string_view launch_id) {
  if (!is_of_this_machine(leader)) return nullptr;
  auto leftovers = std::make_unique<Leftovers>(leader.pid, launch_mark(launch_id));
  if (!leftovers->group_alive()) return nullptr;
  return leftovers;
}

}  // namespace provisr::daemon
