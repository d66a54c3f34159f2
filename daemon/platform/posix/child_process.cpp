#include "daemon/platform/child_process.hpp"

#include "daemon/platform/oom_kills.hpp"
#include "daemon/platform/posix/child_birth.hpp"
#include "daemon/platform/posix/last_error.hpp"
#include "daemon/platform/posix/launch_mark.hpp"
#include "daemon/platform/posix/oom_kills.hpp"
#include "daemon/platform/posix/orphans.hpp"
#include "daemon/platform/posix/pipe.hpp"
#include "daemon/platform/posix/process_group.hpp"
#include "daemon/platform/posix/wait_status.hpp"

#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <optional>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <unordered_set>
#include <utility>

namespace provisr::daemon {
namespace {

/// The children that are not collected yet. All other children of this program are adopted.
[[nodiscard]] std::unordered_set<pid_t>& started_children() {
  static std::unordered_set<pid_t> pids;
  return pids;
}

class PosixChild final : public ChildProcess {
 public:
  struct Start {
    std::unique_ptr<const ChildBirth> birth;
    FileDescriptor report_pipe;  ///< non-blocking; also carries the message of release()
  };

  /// `mark` is in the environment of the process and its descendants.
  PosixChild(pid_t pid, std::string mark, Start start, bool outlives_daemon)
      : pid_(pid),
        mark_(std::move(mark)),
        orphans_([this] { return search_orphans(getpid(), mark_, started_children()); }),
        outlives_daemon_(outlives_daemon),
        start_(std::move(start)) {
    started_children().insert(pid_);
  }

  ~PosixChild() override {
    if (!is_gone_ && !outlives_daemon_) signal_group({SIGKILL});
    if (orphans_.owes_kill()) kill_orphans_later(getpid(), mark_);
    if (PosixChild::has_ended()) PosixChild::collect_exit();
    started_children().erase(pid_);
  }
  PosixChild(const PosixChild&) = delete;
  PosixChild& operator=(const PosixChild&) = delete;

  [[nodiscard]] ProcessId pid() const override { return pid_; }
  [[nodiscard]] ProcessId adopter() const override { return getpid(); }

  [[nodiscard]] Execution execution(StartFailure& failure) override {
    if (start_) read_report();
    if (start_) return Execution::pending;
    if (!start_failure_) return Execution::done;
    failure = *start_failure_;
    return Execution::failed;
  }

  [[nodiscard]] bool has_ended() const override {
    if (exit_) return true;
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      return errno == ECHILD;
    }
    return info.si_pid == pid_;
  }

  std::optional<ExitStatus> collect_exit() override {
    if (!exit_) {
      exit_ = collect();
      started_children().erase(pid_);
    }
    return exit_;
  }

  [[nodiscard]] std::optional<std::uint64_t> memory_peak() const override { return memory_peak_; }

  [[nodiscard]] bool group_alive() const override {
    is_gone_ = exit_ && !has_living_member() && !orphans_.may_exist();
    return !is_gone_;
  }

  using ChildProcess::terminate_group;
  bool terminate_group(int signal) override { return signal_group({signal, SIGCONT}); }

  void kill_group() override { signal_group({SIGKILL}); }

  void release() override {
    constexpr char go_on = '!';
    if (start_) static_cast<void>(!write(start_->report_pipe.get(), &go_on, sizeof go_on));
  }

 private:
  /// The pipe is closed when the program is executed or when the process ends before that.
  void read_report() {
    StepFailure report{};
    const ssize_t size = read(start_->report_pipe.get(), &report, sizeof report);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size == static_cast<ssize_t>(sizeof report)) {
      start_failure_ = start_->birth->describe(report);
    } else if (PosixChild::has_ended() && is_unexecuted_fork(pid_)) {
      start_failure_ = StartFailure{std::make_error_code(std::errc::operation_canceled),
                                    "the process ended before it executed its program"};
    }
    start_.reset();
  }

  [[nodiscard]] ExitStatus collect() {
    constexpr ExitStatus collected_by_somebody_else{.code = 255};
    // Before collecting: the check needs the zombie.
    const bool may_be_oom_kill = was_killed() && was_oom_kill(pid_);
    int status = 0;
    rusage usage{};
    if (wait4(pid_, &status, 0, &usage) != pid_) return collected_by_somebody_else;
    memory_peak_ = peak_memory_of(usage);
    ExitStatus how = exit_status_of(status);
    how.was_oom_kill = may_be_oom_kill && how.signal == SIGKILL;
    return how;
  }

  /// Whether SIGKILL ended the process; does not collect it.
  [[nodiscard]] bool was_killed() const {
    siginfo_t info{};
    const int result = waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return result == 0 && info.si_pid == pid_ && info.si_code == CLD_KILLED &&
           info.si_status == SIGKILL;
  }

  /// Call it after the leader has been collected.
  [[nodiscard]] bool has_living_member() const {
    collect_adopted_workers();
    // While a member lives, the kernel does not reuse the group's number. If the PID exists again,
    // the group is gone and its number was reused.
    if (kill(pid_, 0) == 0 || errno != ESRCH) return false;
    member_ = living_member(pid_, member_);
    if (member_ == 0) collect_adopted_workers();  // they may have ended just now
    return member_ != 0;
  }

  /// Orphaned workers are children of the daemon if it adopts orphans or is process 1.
  void collect_adopted_workers() const {
    siginfo_t info{};
    while (waitid(P_PGID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == 0 &&
           info.si_pid != 0) {
      info = {};
    }
  }

  /// Returns whether there were orphans.
  bool signal_group(std::initializer_list<int> numbers) {
    const std::vector<pid_t> left_group = orphans_.to_signal(numbers);
    const bool has_group = !exit_ || has_living_member();
    for (const int number : numbers) {
      // The leader may have left its original group.
      if (has_group && kill(-pid_, number) != 0 && !exit_) kill(pid_, number);
      for (const pid_t orphan : left_group) signal_orphan(orphan, number);
    }
    return !left_group.empty();
  }

  pid_t pid_;
  std::string mark_;
  mutable OrphanDesk orphans_;
  bool outlives_daemon_;
  std::optional<Start> start_;  ///< until the result is known
  std::optional<StartFailure> start_failure_;
  std::optional<ExitStatus> exit_;
  std::optional<std::uint64_t> memory_peak_;
  mutable bool is_gone_ = false;  ///< the group was empty when last checked
  mutable pid_t member_ = 0;      ///< live member seen last, after the leader has ended
};

}  // namespace

std::unique_ptr<ChildProcess> ChildProcess::start(const ChildCommand& command,
                                                  StartFailure& failure) {
  check_for_oom_kills();
  const std::string mark = launch_mark(command.launch_id);
  auto birth = std::make_unique<const ChildBirth>(command);
  Pipe pipe = command.outlives_daemon ? make_two_way_pipe() : make_pipe();
  const bool has_pipe = pipe.write_end && fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) == 0;
  const pid_t pid = has_pipe ? birth->fork_child(pipe.write_end.get(), mark) : -1;
  if (pid < 0) {
    failure = {last_error(), "cannot create a process for " + command.argv.front()};
    return nullptr;
  }
  return std::make_unique<PosixChild>(pid, mark,
                                      PosixChild::Start{std::move(birth), std::move(pipe.read_end)},
                                      command.outlives_daemon);
}

}  // namespace provisr::daemon
