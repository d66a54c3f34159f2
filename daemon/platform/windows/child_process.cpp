#include "daemon/platform/child_process.hpp"

#include "daemon/base/text.hpp"
#include "daemon/platform/windows/child_exits.hpp"
#include "daemon/platform/windows/child_streams.hpp"
#include "daemon/platform/windows/launch_plan.hpp"
#include "lib/platform/windows/handle.hpp"

#include <psapi.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace provisr::daemon {
namespace {

/// Exit code of a killed process, as a POSIX shell reports SIGKILL.
constexpr UINT killed_exit_code = 137;

[[nodiscard]] std::error_code last_error() {
  const DWORD error = GetLastError();
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
      return std::make_error_code(std::errc::no_such_file_or_directory);
    case ERROR_ACCESS_DENIED:
      return std::make_error_code(std::errc::permission_denied);
    default:
      return {static_cast<int>(error), std::system_category()};
  }
}

/// Returns a job whose processes end when its last handle is closed. The daemon holds that handle,
/// so they end even if the daemon is killed.
[[nodiscard]] windows_platform::Handle make_job() {
  windows_platform::Handle job(CreateJobObjectW(nullptr, nullptr));
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits{};
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  if (!job || SetInformationJobObject(job.get(), JobObjectExtendedLimitInformation, &limits,
                                      sizeof limits) == 0) {
    return {};
  }
  return job;
}

struct StartedProcess {
  windows_platform::Handle process;
  windows_platform::Handle thread;
  DWORD pid = 0;
};

/// Creates a process whose first thread stays suspended until the process is in its job. On
/// failure, returns an empty result and sets the last error.
[[nodiscard]] StartedProcess create_suspended(LaunchPlan& plan, ChildStreams& streams) {
  constexpr DWORD flags = CREATE_SUSPENDED | CREATE_NEW_PROCESS_GROUP | CREATE_UNICODE_ENVIRONMENT |
                          EXTENDED_STARTUPINFO_PRESENT;
  PROCESS_INFORMATION made{};
  const wchar_t* const work_dir = plan.work_dir.empty() ? nullptr : plan.work_dir.c_str();
  if (CreateProcessW(plan.program.c_str(), plan.command_line.data(), nullptr, nullptr, TRUE, flags,
                     plan.environment.data(), work_dir, streams.startup_info(), &made) == 0) {
    return {};
  }
  return {windows_platform::Handle(made.hProcess), windows_platform::Handle(made.hThread),
          made.dwProcessId};
}

void CALLBACK on_child_exit(void* pid, BOOLEAN /*timed_out*/) {
  note_child_exit(static_cast<DWORD>(reinterpret_cast<std::uintptr_t>(pid)));
}

[[nodiscard]] std::optional<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION> account_of(
    const windows_platform::Handle& job) noexcept {
  JOBOBJECT_BASIC_ACCOUNTING_INFORMATION account{};
  if (QueryInformationJobObject(job.get(), JobObjectBasicAccountingInformation, &account,
                                sizeof account, nullptr) == 0) {
    return std::nullopt;
  }
  return account;
}

class WindowsChild final : public ChildProcess {
 public:
  WindowsChild(windows_platform::Handle job, windows_platform::Handle process, DWORD pid)
      : job_(std::make_shared<windows_platform::Handle>(std::move(job))),
        process_(std::move(process)),
        pid_(pid) {
    RegisterWaitForSingleObject(&exit_wait_, process_.get(), on_child_exit,
                                reinterpret_cast<void*>(std::uintptr_t{pid}), INFINITE,
                                WT_EXECUTEONLYONCE | WT_EXECUTEINWAITTHREAD);
  }
  ~WindowsChild() override {
    if (exit_wait_ != nullptr) UnregisterWaitEx(exit_wait_, INVALID_HANDLE_VALUE);
    WindowsChild::kill_group();
  }
  WindowsChild(const WindowsChild&) = delete;
  WindowsChild& operator=(const WindowsChild&) = delete;

  [[nodiscard]] ProcessId pid() const override { return static_cast<ProcessId>(pid_); }

  [[nodiscard]] Execution execution(StartFailure& /*failure*/) override { return Execution::done; }

  [[nodiscard]] bool has_ended() const override {
    return WaitForSingleObject(process_.get(), 0) == WAIT_OBJECT_0;
  }

  std::optional<ExitStatus> collect_exit() override {
    DWORD code = 0;
    GetExitCodeProcess(process_.get(), &code);
    return ExitStatus{.code = static_cast<int>(code), .signal = 0};
  }

  [[nodiscard]] std::optional<std::uint64_t> memory_peak() const override {
    PROCESS_MEMORY_COUNTERS counters{};
    if (K32GetProcessMemoryInfo(process_.get(), &counters, sizeof counters) == 0) return {};
    return counters.PeakWorkingSetSize;
  }

  [[nodiscard]] CpuTimeCount cpu_time_count() const override {
    return [job = job_]() noexcept -> Figure<std::uint64_t> {
      const auto account = account_of(*job);
      if (!account) return {};
      constexpr std::uint64_t unit_ns = 100;
      return static_cast<std::uint64_t>(account->TotalUserTime.QuadPart +
                                        account->TotalKernelTime.QuadPart) *
             unit_ns;
    };
  }

  [[nodiscard]] bool group_alive() const override {
    const auto account = account_of(*job_);
    return account ? account->ActiveProcesses > 0 : !has_ended();
  }

  /// Reaches only processes on the daemon's console. A daemon without a console can only kill.
  using ChildProcess::terminate_group;
  bool terminate_group(int /*signal*/) override {
    GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, pid_);
    return false;
  }

  void kill_group() override { TerminateJobObject(job_->get(), killed_exit_code); }

 private:
  std::shared_ptr<const windows_platform::Handle> job_;
  windows_platform::Handle process_;
  DWORD pid_;
  HANDLE exit_wait_ = nullptr;
};

/// Returns nullptr and sets the last error on failure.
[[nodiscard]] std::unique_ptr<ChildProcess> launch(LaunchPlan& plan, ChildStreams& streams) {
  windows_platform::Handle job = make_job();
  if (!job) return nullptr;
  StartedProcess started = create_suspended(plan, streams);
  if (!started.process) return nullptr;
  if (AssignProcessToJobObject(job.get(), started.process.get()) == 0) {
    const DWORD error = GetLastError();
    TerminateProcess(started.process.get(), killed_exit_code);
    SetLastError(error);
    return nullptr;
  }
  auto child =
      std::make_unique<WindowsChild>(std::move(job), std::move(started.process), started.pid);
  ResumeThread(started.thread.get());
  return child;
}

}  // namespace

std::unique_ptr<ChildProcess> ChildProcess::start(const ChildCommand& command,
                                                  StartFailure& failure) {
  std::error_code ignored;
  if (!command.work_dir.empty() && !std::filesystem::is_directory(command.work_dir, ignored)) {
    failure = {std::make_error_code(std::errc::no_such_file_or_directory),
               "cannot enter " + name_of(command.work_dir)};
    return nullptr;
  }
  ChildStreams streams(command);
  if (!streams.is_ready()) {
    failure = {last_error(), "cannot open " + streams.missing()};
    return nullptr;
  }
  try {
    failure.what = "cannot find " + command.argv.front();
    LaunchPlan plan(command);
    failure.what = "cannot execute " + command.argv.front();
    auto child = launch(plan, streams);
    if (!child) failure.error = last_error();
    return child;
  } catch (const std::system_error& error) {
    failure.error = error.code();
    return nullptr;
  }
}

}  // namespace provisr::daemon
