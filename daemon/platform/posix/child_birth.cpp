#include "daemon/platform/posix/child_birth.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/posix/child_setup.hpp"
#include "daemon/platform/posix/exec_plan.hpp"
#include "daemon/platform/posix/original_descriptor_limit.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {

namespace {

/// Facts that the child needs, collected before the fork.
struct ForkContext {
  const ExecPlan& plan;
  int report_pipe;
  pid_t parent;
  int descriptor_limit;
  bool has_null_stdin;
};

using Step = StepFailure::Step;

static_assert(std::is_same_v<gid_t, std::uint32_t>);

/// The only open descriptor besides 0 to 2 until the program is executed. A child that hangs before
/// that must not hold the daemon's sockets and files open.
constexpr int kept_report_pipe = STDERR_FILENO + 1;

// Between fork and exec: async-signal-safe calls only.

/// Moves the pipe. If that fails, `report_pipe` stays what it was, because the other descriptor is
/// still one of the daemon's.
[[nodiscard]] bool keep_only_standard_streams_and(int& report_pipe, int descriptor_limit) noexcept {
  if (report_pipe != kept_report_pipe && dup2(report_pipe, kept_report_pipe) < 0) return false;
  report_pipe = kept_report_pipe;
  if (fcntl(kept_report_pipe, F_SETFD, FD_CLOEXEC) != 0) return false;
  close_from(kept_report_pipe + 1, descriptor_limit);
  return true;
}

[[nodiscard]] bool put_on(int stream, const char* file, int flags) noexcept {
  constexpr mode_t if_created = 0644;
  const int opened = open(file, flags | O_NOCTTY, if_created);
  if (opened < 0) return false;
  if (opened == stream) return true;
  return dup2(opened, stream) == stream && close(opened) == 0;
}

/// Waits until the daemon has recorded the child and calls release(). Returns false if the daemon
/// dies first; then nothing is executed.
[[nodiscard]] bool is_told_to_go_on() noexcept {
  char word = 0;
  ssize_t size = 0;
  do {
    size = read(kept_report_pipe, &word, sizeof word);
  } while (size < 0 && errno == EINTR);
  return size == sizeof word;
}

/// Ignores errors: if the directory is missing, opening a file in it fails.
void make_directory(const char* directory) noexcept {
  constexpr mode_t mode = 0755;
  if (directory != nullptr) mkdir(directory, mode);
}

[[nodiscard]] bool append_to(const char* file, int stream) noexcept {
  return file == nullptr || put_on(stream, file, O_WRONLY | O_APPEND | O_CREAT);
}

[[nodiscard]] bool become(const ExecPlan::Account& account) noexcept {
  const bool is_it_already =
      account.uid != 0 && getuid() == account.uid && geteuid() == account.uid;
  if (is_it_already) return true;
  return change_ids(account.uid, account.gid, account.groups);
}

/// Ignores signals that cannot be changed.
void reset_signals() noexcept {
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &by_default, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

[[nodiscard]] StepFailure become_program(const ForkContext& context, int& report_pipe) noexcept {
  const ExecPlan& plan = context.plan;
  // A group, so that workers can be signalled with it. Not a session: the child remains a job of
  // the daemon's terminal and receives its hangup.
  setpgid(0, 0);
  if (!keep_only_standard_streams_and(report_pipe, context.descriptor_limit)) {
    return {Step::set_up, errno};
  }
  if (plan.outlives_daemon() && !is_told_to_go_on()) return {Step::set_up, ECANCELED};
  if (context.has_null_stdin && !put_on(STDIN_FILENO, "/dev/null", O_RDONLY)) {
    return {Step::set_up, errno};
  }
  make_directory(plan.log_directory());
  if (!append_to(plan.stdout_file(), STDOUT_FILENO)) return {Step::open_stdout, errno};
  if (!append_to(plan.stderr_file(), STDERR_FILENO)) return {Step::open_stderr, errno};
  if (const auto& limit = original_descriptor_limit()) setrlimit(RLIMIT_NOFILE, &*limit);
  if (plan.account() && !become(*plan.account())) return {Step::become_user, errno};
  // After the change of user, because that change makes the kernel drop the setting.
  if (!plan.outlives_daemon() && !end_with_parent(context.parent)) return {Step::set_up, ESRCH};
  if (plan.work_dir() != nullptr && chdir(plan.work_dir()) != 0) {
    return {Step::enter_work_dir, errno};
  }
  reset_signals();
  return {Step::execute, plan.execute()};
}

[[noreturn]] void run_in_child(const ForkContext& context) noexcept {
  int report_pipe = context.report_pipe;
  const StepFailure failure = become_program(context, report_pipe);
  static_cast<void>(!write(report_pipe, &failure, sizeof failure));
  _exit(127);
}

// Before the fork.

/// Blocks every signal during its lifetime, so that no handler of the daemon runs in the child.
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

/// The limit, bounded so that a loop over all descriptors stays short.
[[nodiscard]] int descriptor_limit() {
  constexpr rlim_t most = 65536;
  rlimit now{};
  if (getrlimit(RLIMIT_NOFILE, &now) != 0) return static_cast<int>(most);
  return static_cast<int>(std::min(now.rlim_cur, most));
}

}  // namespace

ChildBirth::ChildBirth(ChildCommand command) : command_(std::move(command)) {}

pid_t ChildBirth::fork_child(int report_pipe, const std::string& mark) const {
  const ExecPlan plan(command_, mark);  // the child has a copy, so it need not outlive the fork
  const ForkContext context{
      .plan = plan,
      .report_pipe = report_pipe,
      .parent = getpid(),
      .descriptor_limit = descriptor_limit(),
      .has_null_stdin = !command_.inherit_stdin || isatty(STDIN_FILENO) == 1,
  };
  const AllSignalsBlocked blocked;
  const pid_t pid = fork_for_exec();
  if (pid == 0) run_in_child(context);
  // Also in the parent, so that the group exists before it is signalled, whichever runs first.
  if (pid > 0) setpgid(pid, pid);
  return pid;
}

StartFailure ChildBirth::describe(const StepFailure& failure) const {
  return {std::error_code(failure.error, std::generic_category()),
          object_of(failure.step, failure.error)};
}

std::string ChildBirth::object_of(Step step, int error) const {
  const std::string& program = command_.argv.front();
  switch (step) {
    case Step::open_stdout:
      return "cannot open " + name_of(command_.stdout_file);
    case Step::open_stderr:
      return "cannot open " + name_of(command_.stderr_file);
    case Step::become_user:
      return "cannot become the user " + command_.account->name;
    case Step::enter_work_dir:
      return "cannot enter " + name_of(command_.work_dir);
    case Step::execute:
      if (is_searched(program) && error == ENOENT) return "cannot find " + program;
      return "cannot execute " + program;
    case Step::set_up:
      break;
  }
  return "cannot prepare a process for " + program;
}

}  // namespace provisr::daemon
