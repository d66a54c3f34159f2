#include "daemon/platform/adopted_child.hpp"

#include "daemon/platform/linux/pidfd.hpp"
#include "daemon/platform/linux/proc_processes.hpp"
#include "daemon/platform/posix/announced_ends.hpp"
#include "daemon/platform/posix/last_error.hpp"
#include "daemon/platform/posix/launch_mark.hpp"
#include "daemon/platform/posix/orphans.hpp"
#include "daemon/platform/posix/process_group.hpp"
#include "daemon/platform/process_handle.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <cerrno>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <unordered_set>
#include <utility>
#include <vector>

namespace provisr::daemon {
namespace {

using posix_platform::FileDescriptor;
using SteadyClock = std::chrono::steady_clock;

/// The processes of all AdoptedChild objects. Their parent also adopts their orphans.
[[nodiscard]] std::unordered_set<pid_t>& adopted_children() {
  static std::unordered_set<pid_t> pids;
  return pids;
}

/// Returns false if the process is, or was when it ended, still the forked copy of the daemon that
/// started it, and if it is gone.
[[nodiscard]] bool has_executed_program(const ProcessIdentity& identity) {
  const auto stat = stat_of(static_cast<pid_t>(identity.pid));
  return stat && !stat->is_unexecuted_fork() && identity_of(identity.pid) == identity;
}

/// Returns process 1 if the process is gone.
[[nodiscard]] pid_t parent_of(pid_t pid) {
  const auto stat = stat_of(pid);
  return stat ? stat->parent_pid : 1;
}

/// How long the parent may take to collect the process; only then is the exit status known.
constexpr std::chrono::seconds collection_patience{1};

class AdoptedChild final : public ChildProcess {
 public:
  AdoptedChild(const ProcessIdentity& identity, std::string mark, FileDescriptor pidfd,
               std::unique_ptr<ProcessHandle> handle)
      : identity_(identity),
        pid_(static_cast<pid_t>(identity.pid)),
        mark_(std::move(mark)),
        pidfd_(std::move(pidfd)),
        handle_(std::move(handle)),
        adopter_(parent_of(pid_)),
        orphans_([this] { return search_orphans(adopter_, mark_, adopted_children()); }) {
    is_executed_ = has_executed_program(identity_);
    static_cast<void>(announce_end(pidfd_.get(), identity.pid));
    adopted_children().insert(pid_);
  }
  ~AdoptedChild() override {
    if (orphans_.owes_kill()) kill_orphans_later(adopter_, mark_);
    adopted_children().erase(pid_);
  }
  AdoptedChild(const AdoptedChild&) = delete;
  AdoptedChild& operator=(const AdoptedChild&) = delete;

  [[nodiscard]] ProcessId pid() const override { return pid_; }
  [[nodiscard]] ProcessId adopter() const override { return adopter_; }

  [[nodiscard]] Execution execution(StartFailure& failure) override {
    is_executed_ = is_executed_ || has_executed_program(identity_);
    if (is_executed_) return Execution::done;
    if (!has_ended()) return Execution::pending;
    failure = {std::make_error_code(std::errc::operation_canceled),
               "an earlier provisrd ended during this start"};
    return Execution::failed;
  }

  [[nodiscard]] bool has_ended() const override {
    if (is_over_) return true;
    pollfd state{pidfd_.get(), POLLIN, 0};
    if (poll(&state, 1, 0) <= 0) return false;
    if (!noticed_) noticed_ = SteadyClock::now();
    const bool is_collected = (state.revents & POLLHUP) != 0;
    is_over_ = is_collected || handle_->exit_status() ||
               SteadyClock::now() - *noticed_ >= collection_patience;
    return is_over_;
  }

  std::optional<ExitStatus> collect_exit() override { return handle_->exit_status(); }

  [[nodiscard]] std::optional<std::uint64_t> memory_peak() const override { return std::nullopt; }

  [[nodiscard]] bool group_alive() const override {
    return !has_ended() || has_living_member() || orphans_.may_exist();
  }

  using ChildProcess::terminate_group;
  bool terminate_group(int signal) override { return signal_group({signal, SIGCONT}); }

  void kill_group() override { signal_group({SIGKILL}); }

 private:
  /// Call it after the leader has ended. While a member lives, the kernel does not reuse the
  /// group's number; the leader may be a zombie that nobody collects.
  [[nodiscard]] bool has_living_member() const {
    const bool is_reused = kill(pid_, 0) == 0 && identity_of(pid_) != identity_;
    member_ = is_reused ? 0 : living_member(pid_, member_);
    return member_ != 0;
  }

  /// Returns whether there were orphans.
  bool signal_group(std::initializer_list<int> numbers) {
    const std::vector<pid_t> left_group = orphans_.to_signal(numbers);
    const bool has_leader = !has_ended();
    const bool has_group = has_leader || has_living_member();
    for (const int number : numbers) {
      // The leader may have left its original group.
      if (has_group && kill(-pid_, number) != 0 && has_leader) {
        send_signal_to(pidfd_, number);
      }
      for (const pid_t orphan : left_group) signal_orphan(orphan, number);
    }
    return !left_group.empty();
  }

  ProcessIdentity identity_;
  pid_t pid_;
  std::string mark_;  ///< in the environment of its descendants
  FileDescriptor pidfd_;
  std::unique_ptr<ProcessHandle> handle_;
  bool is_executed_ = false;  ///< its program
  pid_t adopter_;             ///< the process that adopts its orphans
  mutable OrphanDesk orphans_;
  mutable std::optional<SteadyClock::time_point> noticed_;
  mutable bool is_over_ = false;
  mutable pid_t member_ = 0;  ///< live member seen last, after the leader has ended
};

}  // namespace

std::string obstacle_to_adoption() {
  if (open_pidfd(getpid())) return {};
  if (errno == ENOSYS) {
    return "needs pidfd_open(2): Linux 5.3 or later, and no seccomp filter that forbids it";
  }
  if (errno == EPERM) {
    return "needs pidfd_open(2), which is not permitted: does a seccomp filter of the container "
           "forbid it?";
  }
  return "needs pidfd_open(2), which fails: " + last_error().message();
}

std::unique_ptr<ChildProcess> adopt_child(const ProcessIdentity& identity,
                                          std::string_view launch_id) {
  FileDescriptor pidfd = open_pidfd(identity.pid);
  auto handle = ProcessHandle::open(identity.pid);
  if (!pidfd || !handle) return nullptr;
  // Check after opening: if the identity matches now, it also matched when the descriptors were
  // opened, so both refer to this process.
  if (identity_of(identity.pid) != identity) return nullptr;
  if (handle->has_ended() == true && !has_executed_program(identity)) return nullptr;
  handle->expect_end();
  return std::make_unique<AdoptedChild>(identity, launch_mark(launch_id), std::move(pidfd),
                                        std::move(handle));
}

}  // namespace provisr::daemon
