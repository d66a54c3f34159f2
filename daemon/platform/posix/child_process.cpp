#include "daemon/platform/child_process.hpp"

#include "daemon/platform/posix/child_setup.hpp"
#include "daemon/platform/posix/exec_plan.hpp"
#include "daemon/platform/posix/original_descriptor_limit.hpp"
#include "daemon/platform/posix/orphans.hpp"
#include "daemon/platform/posix/pipe.hpp"
#include "daemon/platform/posix/process_group.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <optional>
#include <set>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

enum class Step { set_up, enter_work_dir, execute };

/// What a child that failed to start writes to the pipe.
struct Failure {
  Step step;
  int error;
};

/// Prepared before the fork.
struct Birth {
  const ExecPlan& plan;
  int error_pipe;
  pid_t parent;
  int descriptor_limit;
  bool null_stdin;
};

bool put_null_on_stdin() noexcept {
  const int null_device = open("/dev/null", O_RDONLY);
  if (null_device < 0) return false;
  if (null_device == STDIN_FILENO) return true;
  return dup2(null_device, STDIN_FILENO) == STDIN_FILENO && close(null_device) == 0;
}

/// Fails silently for signals that cannot be changed.
void reset_signals() noexcept {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

/// Between fork and exec: async-signal-safe calls only.
Failure become_program(const Birth& birth) noexcept {
  // A group, so that workers can be signalled with it. Not a session: the child stays a job of
  // the terminal that the daemon was started from, and is hung up with it.
  setpgid(0, 0);
  if (!end_with_parent(birth.parent)) return {Step::set_up, ESRCH};
  if (birth.null_stdin && !put_null_on_stdin()) return {Step::set_up, errno};
  close_on_exec_from(STDERR_FILENO + 1, birth.descriptor_limit);
  if (const auto& limit = original_descriptor_limit()) setrlimit(RLIMIT_NOFILE, &*limit);
  const char* const work_dir = birth.plan.work_dir();
  if (work_dir != nullptr && chdir(work_dir) != 0) return {Step::enter_work_dir, errno};
  reset_signals();
  return {Step::execute, birth.plan.execute()};
}

[[noreturn]] void run_child(const Birth& birth) noexcept {
  const Failure failure = become_program(birth);
  static_cast<void>(!write(birth.error_pipe, &failure, sizeof failure));
  _exit(127);
}

/// Blocks every signal for its lifetime: a handler of the daemon must not run in the child.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

pid_t fork_child(const Birth& birth) {
  const AllSignalsBlocked blocked;
  const pid_t pid = fork();
  if (pid == 0) run_child(birth);
  // Also in the parent: whichever runs first, the group exists before it is signalled.
  if (pid > 0) setpgid(pid, pid);
  return pid;
}

/// Bounds the loop over descriptors if the limit is huge.
int descriptor_limit() {
  constexpr rlim_t most = 65536;
  rlimit now{};
  if (getrlimit(RLIMIT_NOFILE, &now) != 0) return static_cast<int>(most);
  return static_cast<int>(std::min(now.rlim_cur, most));
}

/// Empty once exec has closed the pipe.
std::optional<Failure> read_failure(const FileDescriptor& pipe) {
  Failure failure{};
  ssize_t size = 0;
  do {
    size = read(pipe.get(), &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof failure)) return std::nullopt;
  return failure;
}

std::string describe(const Failure& failure, const ChildCommand& command, const ExecPlan& plan) {
  const std::string& program = command.argv.front();
  switch (failure.step) {
    case Step::enter_work_dir:
      return "cannot enter " + command.work_dir.string();
    case Step::execute:
      if (plan.searches_path() && failure.error == ENOENT) return "cannot find " + program;
      return "cannot execute " + program;
    case Step::set_up:
      break;
  }
  return "cannot prepare a process for " + program;
}

void reap(pid_t pid) {
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

/// The children that have not been collected. All other children of this program are adopted.
[[nodiscard]] std::set<pid_t>& started_children() {
  static std::set<pid_t> pids;
  return pids;
}

class PosixChild final : public ChildProcess {
 public:
  /// `mark` is in the environment of the process, and so of its descendants.
  PosixChild(pid_t pid, std::string mark) : pid_(pid), mark_(std::move(mark)) {
    started_children().insert(pid_);
  }

  ~PosixChild() override {
    if (!is_gone_) signal_group({SIGKILL});
    if (PosixChild::has_ended()) PosixChild::collect_exit();
    started_children().erase(pid_);
  }
  PosixChild(const PosixChild&) = delete;
  PosixChild& operator=(const PosixChild&) = delete;

  [[nodiscard]] ProcessId pid() const override { return pid_; }

  [[nodiscard]] bool has_ended() const override {
    if (exit_) return true;
    siginfo_t info{};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      return errno == ECHILD;
    }
    return info.si_pid == pid_;
  }

  ExitStatus collect_exit() override {
    if (!exit_) {
      exit_ = collect();
      started_children().erase(pid_);
    }
    return *exit_;
  }

  [[nodiscard]] bool group_alive() const override {
    is_gone_ = exit_ && !has_living_member() && orphans().empty();
    return !is_gone_;
  }

  bool terminate_group() override {
    // A stopped process handles SIGTERM only once it continues.
    return signal_group({SIGTERM, SIGCONT});
  }

  void kill_group() override { signal_group({SIGKILL}); }

 private:
  [[nodiscard]] ExitStatus collect() const {
    constexpr ExitStatus collected_by_somebody_else{.code = 255, .signal = 0};
    int status = 0;
    if (waitpid(pid_, &status, 0) != pid_) return collected_by_somebody_else;
    if (WIFSIGNALED(status)) return {.code = 0, .signal = WTERMSIG(status)};
    return {.code = WEXITSTATUS(status), .signal = 0};
  }

  /// Once the leader has been collected.
  [[nodiscard]] bool has_living_member() const {
    collect_adopted_workers();
    // While a member lives, the kernel does not reuse the group's number. If the PID exists again,
    // the group is gone and its number was reused.
    if (kill(pid_, 0) == 0 || errno != ESRCH) return false;
    member_ = living_member(pid_, member_);
    if (member_ == 0) collect_adopted_workers();  // they may have ended just now
    return member_ != 0;
  }

  /// Orphaned workers become the daemon's children if it adopts them or is process 1.
  void collect_adopted_workers() const {
    siginfo_t info{};
    while (waitid(P_PGID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG) == 0 &&
           info.si_pid != 0) {
      info = {};
    }
  }

  [[nodiscard]] std::vector<pid_t> orphans() const {
    return marked_orphans(mark_, started_children());
  }

  /// Returns whether there were orphans.
  bool signal_group(std::initializer_list<int> numbers) {
    const std::vector<pid_t> left_group = orphans();
    const bool has_group = !exit_ || has_living_member();
    for (const int number : numbers) {
      // The leader may have left the group that was made for it.
      if (has_group && kill(-pid_, number) != 0 && !exit_) kill(pid_, number);
      for (const pid_t orphan : left_group) {
        if (kill(-orphan, number) != 0) kill(orphan, number);  // most of them lead a group
      }
    }
    return !left_group.empty();
  }

  pid_t pid_;
  std::string mark_;
  std::optional<ExitStatus> exit_;
  mutable bool is_gone_ = false;  ///< nothing of the group was left at the last look
  mutable pid_t member_ = 0;      ///< after the leader has ended: the member last seen alive
};

/// An entry of the environment that no other child of this machine has.
[[nodiscard]] std::string unique_mark() {
  static unsigned long count = 0;
  return fmt::format("PROVISR_LAUNCH={}-{}", getpid(), ++count);
}

}  // namespace

std::unique_ptr<ChildProcess> ChildProcess::start(const ChildCommand& command,
                                                  std::error_code& error, std::string& what) {
  const std::string mark = unique_mark();
  const ExecPlan plan(command, mark);
  Pipe pipe = make_pipe();
  const bool null_stdin = !command.inherit_stdin || isatty(STDIN_FILENO) == 1;
  const pid_t pid =
      pipe.write_end
          ? fork_child({plan, pipe.write_end.get(), getpid(), descriptor_limit(), null_stdin})
          : -1;
  if (pid < 0) {
    error.assign(errno, std::generic_category());
    what = "cannot create a process for " + command.argv.front();
    return nullptr;
  }
  pipe.write_end.reset();
  if (const auto failure = read_failure(pipe.read_end)) {
    reap(pid);
    error.assign(failure->error, std::generic_category());
    what = describe(*failure, command, plan);
    return nullptr;
  }
  return std::make_unique<PosixChild>(pid, mark);
}

}  // namespace provisr::daemon
