#include "daemon/supervisor/managed_child.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"
#include "daemon/supervisor/pid_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace provisr::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How often to check a group that has been asked to end.
constexpr milliseconds group_interval{50};
/// How long a killed process may take to end; one that waits for a device takes longer than most.
constexpr seconds kill_patience{5};

}  // namespace

ManagedChild::ManagedChild(std::string name, const ProcessConfig& config, bool inherit_stdin,
                           const ProcessServices& services)
    : config_(config),
      command_{config.argv, config.work_dir, config.env, inherit_stdin},
      services_(services) {
  status_.name = std::move(name);
  status_.kind = ProcessKind::child;
}

void ManagedChild::start(const Moment& now) {
  launch(now);
}

void ManagedChild::update(const Moment& now) {
  switch (phase_) {
    case Phase::waiting:
      if (now.monotonic >= deadline_) launch(now);
      break;
    case Phase::running:
      look_for_exit(now);
      break;
    case Phase::ending:
      continue_ending(now);
      break;
    case Phase::ended:
      break;
  }
}

void ManagedChild::stop(const Moment& now) {
  if (std::exchange(stop_requested_, true)) return;
  switch (phase_) {
    case Phase::waiting:
      phase_ = Phase::ended;
      status_.state = status_.last_error.empty() ? ProcessState::exited : ProcessState::failed;
      break;
    case Phase::running:
      services_.log->info("{}: asked to stop", status_.name);
      child_->terminate_group();
      begin_ending(now);
      break;
    case Phase::ending:  // already asked; its deadline stays
      status_.state = ProcessState::stopping;
      break;
    case Phase::ended:
      break;
  }
}

MonotonicTime ManagedChild::next_deadline() const {
  switch (phase_) {
    case Phase::waiting:
      return deadline_;
    case Phase::ending:
      return std::min(deadline_, next_look_);
    case Phase::running:
    case Phase::ended:
      break;
  }
  return MonotonicTime::max();
}

void ManagedChild::launch(const Moment& now) {
  std::error_code error;
  std::string what;
  child_ = services_.launch(command_, error, what);
  if (!child_) return fail_start(now, error, what);
  phase_ = Phase::running;
  launched_at_ = now.monotonic;
  leader_ended_ = false;
  killed_ = false;
  result_ = 0;
  start_problems_.clear();
  status_.state = ProcessState::running;
  status_.pid = child_->pid();
  status_.started_at = now.utc;
  status_.restarts = launches_++;
  status_.last_error.clear();
  services_.log->info("{}: started, pid {}", status_.name, child_->pid());
  if (const auto failure = services_.track(status_.name, child_->pid())) {
    services_.log->debug("{}: cannot be measured: {}", status_.name, failure.message());
  }
  enter_pid_file();
}

void ManagedChild::fail_start(const Moment& now, const std::error_code& error,
                              const std::string& what) {
  status_.last_error = what + ": " + error.message();
  const LogLevel level =
      start_problems_.is_new(status_.last_error) ? LogLevel::error : LogLevel::debug;
  services_.log->write(level,
                       fmt::format("{}: could not start: {}", status_.name, status_.last_error));
  constexpr int not_found = 127;
  constexpr int not_executable = 126;
  result_ = error == std::errc::no_such_file_or_directory ? not_found : not_executable;
  if (config_.auto_restart) return wait_for_restart(now.monotonic);
  phase_ = Phase::ended;
  status_.state = ProcessState::failed;
}

void ManagedChild::wait_for_restart(MonotonicTime since) {
  phase_ = Phase::waiting;
  deadline_ = since + config_.restart_interval;
  status_.state = ProcessState::backoff;
}

void ManagedChild::look_for_exit(const Moment& now) {
  const auto how = child_->poll_exit();
  if (!how) return;
  note_exit(*how, now);
  begin_ending(now);
  continue_ending(now);
}

void ManagedChild::note_exit(const ExitStatus& how, const Moment& now) {
  leader_ended_ = true;
  exited_at_ = now.monotonic;
  remove_own_pid_file();
  status_.pid.reset();
  status_.started_at.reset();
  status_.last_exit = {how, now.utc};
  if (!stop_requested_) result_ = how.shell_code();
  const LogLevel level = how.success() || stop_requested_ ? LogLevel::info : LogLevel::warn;
  services_.log->write(level,
                       fmt::format("{}: ended after {}, {}", status_.name,
                                   format_elapsed(now.monotonic - launched_at_), how.to_string()));
}

void ManagedChild::begin_ending(const Moment& now) {
  phase_ = Phase::ending;
  deadline_ = now.monotonic + config_.stop_timeout;
  next_look_ = now.monotonic + group_interval;
  const bool will_restart = config_.auto_restart && !stop_requested_;
  status_.state = will_restart ? ProcessState::backoff : ProcessState::stopping;
}

void ManagedChild::continue_ending(const Moment& now) {
  if (!leader_ended_) {
    if (const auto how = child_->poll_exit()) note_exit(*how, now);
  }
  if (leader_ended_ && !child_->group_alive()) return settle(now);
  next_look_ = now.monotonic + group_interval;
  if (now.monotonic >= deadline_) escalate(now);
}

void ManagedChild::escalate(const Moment& now) {
  const std::string_view who = leader_ended_ ? "what it left running" : "the process";
  if (!std::exchange(killed_, true)) {
    services_.log->warn("{}: {} did not end within {} and is killed", status_.name, who,
                        format_elapsed(config_.stop_timeout));
    child_->kill_group();
    deadline_ = now.monotonic + kill_patience;
    return;
  }
  given_up_ = true;
  services_.log->error("{}: {} cannot be killed and is left alone", status_.name, who);
  status_.last_error = fmt::format("{} could not be killed", who);
  settle(now);
}

void ManagedChild::settle(const Moment& now) {
  child_.reset();
  if (config_.auto_restart && !stop_requested_) {
    wait_for_restart(exited_at_);
    const auto left = std::max(deadline_ - now.monotonic, MonotonicTime::duration::zero());
    services_.log->info("{}: restarting in {}", status_.name, format_elapsed(left));
    return;
  }
  phase_ = Phase::ended;
  status_.state = ProcessState::exited;
}

void ManagedChild::enter_pid_file() {
  if (config_.pid_file.empty()) return;
  const std::error_code failure = write_pid_file(config_.pid_file, child_->pid());
  if (!failure) return pid_file_problems_.clear();
  if (!pid_file_problems_.is_new(failure.message())) return;
  services_.log->warn("{}: pid_file {} cannot be written: {}", status_.name,
                      name_of(config_.pid_file), failure.message());
}

void ManagedChild::remove_own_pid_file() const {
  if (!config_.pid_file.empty()) remove_pid_file(config_.pid_file, child_->pid());
}

}  // namespace provisr::daemon
