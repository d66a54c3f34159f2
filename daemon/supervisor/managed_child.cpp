#include "daemon/supervisor/managed_child.hpp"

#include "daemon/base/duration.hpp"
#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// How often to check whether a group that has been asked to end is gone.
constexpr milliseconds group_interval{50};
/// How long a killed process may take to end, for example if it waits for a device.
constexpr seconds kill_patience{5};
/// How soon to check for the first time whether a program is executed. The interval then doubles,
/// up to `execution_interval`.
constexpr milliseconds first_execution_look{2};
constexpr seconds execution_interval{1};
/// A start that takes longer is logged.
constexpr seconds execution_patience{5};
/// How often to try again to measure a process.
constexpr seconds measure_interval{1};
/// How often to check a process that was taken over.
constexpr seconds adopted_interval{1};
/// A program that ends with status 0 sooner than this has probably put itself in the background.
constexpr seconds at_once{1};

[[nodiscard]] std::filesystem::path log_file(const std::filesystem::path& named,
                                             const std::filesystem::path& directory,
                                             std::string_view name, std::string_view stream) {
  if (!named.empty() || directory.empty()) return named;
  return directory / fmt::format("{}.{}.log", name, stream);
}

[[nodiscard]] Backoff::Intervals intervals_of(const ProcessConfig& config) {
  const bool has_retry = config.retry_interval > milliseconds::zero();
  return {.restart = config.restart_interval,
          .retry = has_retry ? config.retry_interval : config.restart_interval,
          .most = config.max_restart_interval};
}

[[nodiscard]] ChildCommand command_of(const ProcessConfig& config, std::string_view name,
                                      bool inherit_stdin) {
  const ProcessLog& log = config.log;
  return {.argv = config.argv,
          .work_dir = config.work_dir,
          .env = config.env,
          .stdout_file = log_file(log.stdout_file, log.directory, name, "stdout"),
          .stderr_file = log_file(log.stderr_file, log.directory, name, "stderr"),
          .log_directory = log.directory,
          .account = config.account,
          .inherit_stdin = inherit_stdin,
          .inherit_env = config.inherits_env};
}

/// Identifies a start under this name; made of what a state_dir stores about a process.
[[nodiscard]] std::string launch_id_of(std::string_view name, MonotonicTime started) {
  return fmt::format("{}-{}", name, started.time_since_epoch().count());
}

/// Whether both restart an ended process under the same conditions and at the same times.
[[nodiscard]] bool have_same_restart_rules(const ProcessConfig& a, const ProcessConfig& b) {
  return a.auto_restart == b.auto_restart && a.retry_count == b.retry_count &&
         a.restart_interval == b.restart_interval && a.retry_interval == b.retry_interval &&
         a.max_restart_interval == b.max_restart_interval;
}

/// Returns `path` unchanged if it cannot be made absolute.
[[nodiscard]] std::filesystem::path absolute_path(const std::filesystem::path& path) {
  if (path.empty()) return path;
  std::error_code error;
  std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return error ? path : absolute;
}

}  // namespace

ManagedChild::ManagedChild(std::string name, const ProcessConfig& config, bool inherit_stdin,
                           const ProcessServices& services)
    : config_(config),
      inherits_stdin_(inherit_stdin),
      command_(command_of(config, name, inherit_stdin)),
      services_(services),
      backoff_(intervals_of(config)),
      pid_file_(services_, status_) {
  status_.name = std::move(name);
  status_.kind = ProcessKind::child;
  tell_log_files();
  enter(Phase::waiting);
}

void ManagedChild::tell_log_files() {
  status_.stdout_file = absolute_path(command_.stdout_file);
  status_.stderr_file = absolute_path(command_.stderr_file);
}

ProcessState ManagedChild::state_of(Phase phase, Goal goal) {
  switch (phase) {
    case Phase::waiting:
    case Phase::clearing:
      return ProcessState::backoff;
    case Phase::starting:
      return ProcessState::starting;
    case Phase::running:
      return ProcessState::running;
    case Phase::ending:
      return ProcessState::stopping;
    case Phase::exited:
      return goal == Goal::up ? ProcessState::exited : ProcessState::stopped;
    case Phase::failed:
      break;
  }
  return goal == Goal::up ? ProcessState::failed : ProcessState::stopped;
}

void ManagedChild::enter(Phase phase) {
  phase_ = phase;
  status_.state = state_of(phase_, goal_);
  status_.next_start.reset();
}

void ManagedChild::update(const Moment& now) {
  switch (phase_) {
    case Phase::waiting:
      if (now.monotonic >= deadline_) launch(now);
      break;
    case Phase::starting:
      if (child_->has_ended()) return take_exit(now);
      continue_to_start(now);
      break;
    case Phase::running:
      if (child_->has_ended()) return take_exit(now);
      if (is_adopted_) next_look_ = now.monotonic + adopted_interval;
      if (now.monotonic >= next_measure_) measure(now);
      break;
    case Phase::ending:
    case Phase::clearing:
      continue_to_clear(now);
      break;
    case Phase::exited:
    case Phase::failed:
      break;
  }
}

bool ManagedChild::ended() const {
  return phase_ == Phase::exited || phase_ == Phase::failed;
}

MonotonicTime ManagedChild::next_deadline() const {
  switch (phase_) {
    case Phase::waiting:
      return deadline_;
    case Phase::starting:
      return is_executed_ ? std::min(deadline_, next_measure_) : next_look_;
    case Phase::running:
      return is_adopted_ ? std::min(next_look_, next_measure_) : next_measure_;
    case Phase::ending:
    case Phase::clearing:
      return std::min(deadline_, next_look_);
    case Phase::exited:
    case Phase::failed:
      break;
  }
  return MonotonicTime::max();
}

Progress ManagedChild::progress() const {
  switch (phase_) {
    case Phase::running:
      return Progress::reached;
    case Phase::waiting:
      return backoff_.failures() > 0 ? Progress::failed : Progress::under_way;
    case Phase::starting:
    case Phase::ending:
    case Phase::clearing:
      return Progress::under_way;
    case Phase::exited:
    case Phase::failed:
      break;
  }
  const bool may_still_run = given_up_ && is_killed_;
  return goal_ == Goal::down && !may_still_run ? Progress::reached : Progress::failed;
}

std::optional<ProcessId> ManagedChild::expected_end() const {
  if (!child_ || is_collected_) return std::nullopt;
  return child_->pid();
}

void ManagedChild::bring_up(const Moment& now) {
  if (is_shutting_down_) return;
  goal_ = Goal::up;
  switch (phase_) {
    case Phase::starting:
    case Phase::running:
      break;
    case Phase::ending:
    case Phase::clearing:
      starts_after_end_ = true;
      backoff_.reset();
      break;
    case Phase::waiting:
    case Phase::exited:
    case Phase::failed:
      could_not_start_ = false;
      backoff_.reset();
      wait_for_start(now.monotonic);
      break;
  }
}

void ManagedChild::bring_down(const Moment& now, ExitReason reason) {
  goal_ = Goal::down;
  stop_reason_ = reason;
  starts_after_end_ = false;
  switch (phase_) {
    case Phase::starting:
    case Phase::running:
      ask_to_end(now, reason);
      break;
    case Phase::clearing:
      enter(Phase::ending);
      break;
    case Phase::ending:
      break;
    case Phase::waiting:
    case Phase::exited:
    case Phase::failed:
      enter(Phase::exited);
      break;
  }
}

void ManagedChild::restart(const Moment& now, ExitReason reason) {
  if (phase_ != Phase::starting && phase_ != Phase::running) return bring_up(now);
  if (is_shutting_down_) return;
  backoff_.reset();
  ask_to_end(now, reason);
  starts_after_end_ = true;
}

ManagedChild::Change ManagedChild::reconfigure(const ProcessConfig& config, const Moment& now) {
  ProcessConfig before = std::exchange(config_, config);
  before.name = config.name;
  before.instances = config.instances;
  if (before == config) return Change::none;
  std::string launch_id = std::move(command_.launch_id);
  command_ = command_of(config_, status_.name, inherits_stdin_);
  command_.launch_id = std::move(launch_id);
  tell_log_files();
  backoff_.set_intervals(intervals_of(config_));
  if (!have_same_restart_rules(before, config)) reconsider_restart(now);
  follow_times();
  if (runs_same_program(before, config)) {
    if (before.scope != config.scope && is_executed_ && !is_collected_) {
      may_have_orphans_ = true;
      measure(now);
    }
    return Change::policy;
  }
  if (goal_ == Goal::down) return Change::policy;
  restart(now, ExitReason::reload);
  return Change::program;
}

/// Reschedules the restart of a process that waits for one or has ended. Leaves a start that is due
/// or was requested.
void ManagedChild::reconsider_restart(const Moment& now) {
  const bool waits_for_restart =
      phase_ == Phase::waiting && deadline_ > now.monotonic && !lacks_descriptors_since_;
  const bool is_to_run = ended() && goal_ == Goal::up && config_.auto_restart && has_tries_left();
  if (waits_for_restart || is_to_run) settle(now);
}

/// Applies a new start_duration or stop_timeout to a start or stop in progress.
void ManagedChild::follow_times() {
  switch (phase_) {
    case Phase::starting:
      deadline_ = status_.started->monotonic + config_.start_duration;
      break;
    case Phase::ending:
    case Phase::clearing:
      if (!is_killed_) deadline_ = asked_at_ + config_.stop_timeout;
      break;
    case Phase::waiting:
    case Phase::running:
    case Phase::exited:
    case Phase::failed:
      break;
  }
}

void ManagedChild::shut_down(const Moment& now) {
  if (std::exchange(is_shutting_down_, true)) return;
  switch (phase_) {
    case Phase::waiting:
      enter_final_phase();
      break;
    case Phase::starting:
    case Phase::running:
      ask_to_end(now, ExitReason::shutdown);
      break;
    case Phase::clearing:
      enter(Phase::ending);  // already asked to end; the deadline stays
      break;
    case Phase::ending:
    case Phase::exited:
    case Phase::failed:
      break;
  }
}

void ManagedChild::kill_now(const Moment& now) {
  if ((phase_ == Phase::ending || phase_ == Phase::clearing) && !is_killed_) kill(now);
}

void ManagedChild::launch(const Moment& now) {
  status_.restarts = attempts_++;
  StartFailure failure;
  child_ = start_process(now, failure);
  if (!child_ && may_soon_succeed(failure, now)) return wait_for_descriptors(failure, now);
  lacks_descriptors_since_.reset();
  if (!child_) {
    note_failed_start(failure, now);
    return settle(now);
  }
  is_executed_ = false;
  is_adopted_ = false;
  continue_to_start(now);
}

/// Returns true if descriptors are short: each start under way holds one and may soon release it.
bool ManagedChild::may_soon_succeed(const StartFailure& failure, const Moment& now) {
  constexpr std::chrono::seconds patience{30};
  const bool lacks_descriptors = failure.error == std::errc::too_many_files_open ||
                                 failure.error == std::errc::too_many_files_open_in_system;
  if (!lacks_descriptors) return false;
  if (!lacks_descriptors_since_) lacks_descriptors_since_ = now.monotonic;
  return now.monotonic - *lacks_descriptors_since_ < patience;
}

/// Schedules another try without counting this one as a start, not even as a failed one.
void ManagedChild::wait_for_descriptors(const StartFailure& failure, const Moment& now) {
  constexpr std::chrono::milliseconds pause{50};
  --attempts_;
  status_.restarts = attempts_ > 0 ? attempts_ - 1 : 0;
  status_.last_error = failure.what + ": " + failure.error.message();
  wait_for_start(now.monotonic + pause);
}

/// Starts the child and saves its identity before it executes its program. If saving fails, starts
/// a child that ends with this daemon; otherwise the next daemon would start it a second time.
std::unique_ptr<ChildProcess> ManagedChild::start_process(const Moment& now,
                                                          StartFailure& failure) {
  command_.outlives_daemon = services_.memory != nullptr;
  command_.launch_id = launch_id_of(status_.name, now.monotonic);
  auto child = try_to_launch(failure);
  if (child && command_.outlives_daemon) {
    if (save_run(child->pid(), now)) {
      child->release();
    } else {
      run_.reset();
      child.reset();  // before the next launch, which needs its descriptors
      command_.outlives_daemon = false;
      child = try_to_launch(failure);
    }
  }
  if (child) note_birth(*child, now);
  return child;
}

/// A lack of memory is a failed start, as a lack of anything else.
std::unique_ptr<ChildProcess> ManagedChild::try_to_launch(StartFailure& failure) {
  try {
    return services_.launch(command_, failure);
  } catch (const std::bad_alloc&) {
    failure = {std::make_error_code(std::errc::not_enough_memory), "cannot prepare the start"};
    return nullptr;
  }
}

/// Returns false if the process cannot be identified or if its identity could not be written.
bool ManagedChild::save_run(ProcessId pid, const Moment& now) {
  const auto identity = services_.identify(pid);
  if (!identity) return false;
  run_ = {*identity, {now.utc, now.monotonic}, fingerprint_of(config_)};
  return remember();
}

void ManagedChild::note_birth(const ChildProcess& child, const Moment& now) {
  is_collected_ = false;
  may_have_orphans_ = false;
  end_reason_ = ExitReason::itself;
  is_killed_ = false;
  result_ = 0;
  status_.pid = child.pid();
  status_.started = {now.utc, now.monotonic};
  enter(Phase::starting);
}

void ManagedChild::take_over(const RememberedProcess& before, const Moment& now) {
  attempts_ = before.starts;
  status_.restarts = before.starts > 0 ? before.starts - 1 : 0;
  const ExitLog::Records ends = services_.exits->find(status_.name);
  if (!ends.empty() && ends.front()->status) {
    status_.last_exit = {*ends.front()->status, ends.front()->ended_at};
  }
  if (before.is_stopped) {
    goal_ = Goal::down;
    enter(Phase::exited);
  }
  if (before.run) adopt(*before.run, now);
}

void ManagedChild::adopt(const RememberedProcess::Run& run, const Moment& now) {
  command_.launch_id = launch_id_of(status_.name, run.started.monotonic);
  child_ = services_.adopt(run.identity, command_.launch_id);
  if (!child_) {
    note_end_while_away(run, now);
    return end_leftovers(run, now);
  }
  note_birth(*child_, now);
  status_.started = run.started;
  run_ = run;
  is_adopted_ = true;
  StartFailure ignored;
  is_executed_ = child_->execution(ignored) == Execution::done;
  pid_file_.assume_written(config_.pid_file);
  services_.log->info("{}: taken over, pid {}", status_.name, child_->pid());
  may_have_orphans_ = true;
  if (is_executed_) measure(now);
  next_look_ = now.monotonic + adopted_interval;
  continue_to_start(now);
  if (goal_ == Goal::down) return ask_to_end(now, stop_reason_);
  if (run.program != fingerprint_of(config_)) return restart(now, ExitReason::reload);
  if (run.is_ending) restart(now, ExitReason::restart);
}

void ManagedChild::note_end_while_away(const RememberedProcess::Run& run, const Moment& now) {
  const ProcessId pid = run.identity.pid;
  if (is_recorded(run)) return;
  services_.exits->add({.name = status_.name,
                        .pid = pid,
                        .started_at = run.started.at,
                        .ended_at = now.utc,
                        .status = {},
                        .memory_peak = {},
                        .last_samples = services_.last_samples(status_.name, pid)});
  status_.last_exit.reset();
  status_.last_error = fmt::format("process {} ended while provisrd did not run", pid);
  services_.log->warn("{}: {}", status_.name, status_.last_error);
}

/// Ends what a process that is gone has left running, as if it had ended just now.
void ManagedChild::end_leftovers(const RememberedProcess::Run& run, const Moment& now) {
  child_ = services_.adopt_leftovers(run.identity, command_.launch_id);
  if (!child_) return;
  services_.log->warn("{}: process {} is gone, and what it left running is asked to stop",
                      status_.name, run.identity.pid);
  run_ = run;
  exited_at_ = now.monotonic;
  child_->terminate_group(config_.stop_signal);
  begin_to_clear(now);
  starts_after_end_ = goal_ == Goal::up;
  enter(starts_after_end_ ? Phase::clearing : Phase::ending);
}

/// Returns whether the end of `run` is recorded already. An earlier daemon may have been killed
/// after it recorded the end but before it saved that nothing runs.
bool ManagedChild::is_recorded(const RememberedProcess::Run& run) const {
  const ExitLog::Records ends = services_.exits->find(status_.name);
  return !ends.empty() && ends.front()->pid == run.identity.pid &&
         ends.front()->started_at == run.started.at;
}

bool ManagedChild::remember() {
  if (services_.memory == nullptr) return true;
  const bool is_stopped = goal_ == Goal::down && stop_reason_ != ExitReason::reload;
  return services_.memory->remember(status_.name,
                                    {ProcessKind::child, attempts_, is_stopped, run_});
}

void ManagedChild::continue_to_start(const Moment& now) {
  if (!is_executed_) look_at_execution(now);
  if (!is_executed_) return;
  if (now.monotonic >= next_measure_) measure(now);
  deadline_ = status_.started->monotonic + config_.start_duration;
  if (now.monotonic < deadline_) return;
  backoff_.reset();
  enter(Phase::running);
}

void ManagedChild::look_at_execution(const Moment& now) {
  StartFailure failure;
  if (child_->execution(failure) == Execution::done) return note_execution(now);
  const MonotonicTime::duration elapsed = now.monotonic - status_.started->monotonic;
  const auto pause =
      std::clamp<MonotonicTime::duration>(elapsed, first_execution_look, execution_interval);
  next_look_ = now.monotonic + pause;
  if (elapsed < execution_patience) return;
  status_.last_error = fmt::format("{} is not executed yet: does a file system not answer?",
                                   escape_controls(config_.argv.front()));
  if (!start_problems_.is_new(status_.last_error)) return;
  services_.log->warn("{}: {}", status_.name, status_.last_error);
}

void ManagedChild::note_execution(const Moment& now) {
  is_executed_ = true;
  could_not_start_ = false;
  start_problems_.clear();
  status_.last_error.clear();
  services_.log->info("{}: started, pid {}", status_.name, child_->pid());
  measure(now);
  pid_file_.write(config_.pid_file, child_->pid());
}

void ManagedChild::note_failed_start(const StartFailure& failure, const Moment& now) {
  could_not_start_ = true;
  backoff_.note_failed_start();
  exited_at_ = now.monotonic;
  status_.pid.reset();
  status_.started.reset();
  status_.last_error = failure.what + ": " + failure.error.message();
  const LogLevel level =
      start_problems_.is_new(status_.last_error) ? LogLevel::error : LogLevel::debug;
  services_.log->write(level,
                       fmt::format("{}: could not start: {}", status_.name, status_.last_error));
  constexpr int not_found = 127;
  constexpr int not_executable = 126;
  result_ = failure.error == std::errc::no_such_file_or_directory ? not_found : not_executable;
}

void ManagedChild::wait_for_start(MonotonicTime due) {
  deadline_ = due;
  enter(Phase::waiting);
  status_.next_start = due;
}

void ManagedChild::measure(const Moment& now) {
  next_measure_ = MonotonicTime::max();
  if (!services_.can_measure_children) return;
  const TrackOptions options{.scope = config_.scope, .cpu_time_count = child_->cpu_time_count()};
  const std::error_code failure = services_.track(status_.name, child_->pid(), options);
  if (!failure) {
    measure_problems_.clear();
    if (std::exchange(may_have_orphans_, false)) services_.search_orphans();
    return;
  }
  may_have_orphans_ = true;
  // A process that was taken over may be a zombie that its parent has not reaped.
  const bool is_too_late =
      failure == std::errc::no_such_process && (is_adopted_ || child_->has_ended());
  if (!is_too_late) next_measure_ = now.monotonic + measure_interval;
  const std::string reason = reason_of(failure, !is_too_late);
  const LogLevel level =
      !is_too_late && measure_problems_.is_new(reason) ? LogLevel::warn : LogLevel::debug;
  services_.log->write(level, fmt::format("{}: cannot be measured: {}", status_.name, reason));
}

void ManagedChild::ask_to_end(const Moment& now, ExitReason reason) {
  services_.log->info("{}: asked to stop", status_.name);
  end_reason_ = reason;
  if (run_) run_->is_ending = true;
  remember();  // before the signal can end the child
  child_->terminate_group(config_.stop_signal);
  begin_to_clear(now);
  enter(Phase::ending);
}

void ManagedChild::take_exit(const Moment& now) {
  const auto uptime = now.monotonic - status_.started->monotonic;
  // Before collect(): until then, neither the PID nor the group's number can be reused.
  const bool has_escaped = child_->terminate_group(config_.stop_signal);
  collect(now);
  if (!could_not_start_) judge_end(uptime, has_escaped);
  begin_to_clear(now);
  enter(is_restarted_after_exit() ? Phase::clearing : Phase::ending);
  continue_to_clear(now);
}

/// Judges the end of a process that ended on its own: whether it counts as a failed start.
void ManagedChild::judge_end(MonotonicTime::duration uptime, bool has_escaped) {
  if (uptime >= config_.start_duration) {
    backoff_.reset();
  } else {
    backoff_.note_failed_start();
    if (config_.auto_restart) {
      status_.last_error =
          fmt::format("ended after {}, before its start_duration of {}", format_elapsed(uptime),
                      format_elapsed(config_.start_duration));
    }
  }
  if (result_ == 0) suspect_background(has_escaped, uptime);
}

void ManagedChild::collect(const Moment& now) {
  StartFailure failure;
  const bool was_executed = child_->execution(failure) != Execution::failed;
  if (was_executed && !is_executed_) note_execution(now);
  const std::optional<ExitStatus> how = child_->collect_exit();
  is_collected_ = true;
  if (was_executed) {
    note_exit(how, now);
  } else if (was_asked() && failure.error == std::errc::operation_canceled) {
    note_canceled_start(now);
  } else {
    const bool was_killed = how && failure.error == std::errc::operation_canceled;
    if (was_killed) failure.what += ", " + how->to_string();
    note_failed_start(failure, now);
    if (was_killed) result_ = how->shell_code();
    starts_after_end_ |= is_adopted_;  // interrupted by the end of an earlier daemon
  }
}

void ManagedChild::note_canceled_start(const Moment& now) {
  could_not_start_ = false;
  exited_at_ = now.monotonic;
  status_.pid.reset();
  status_.started.reset();
  status_.last_error.clear();
  services_.log->info("{}: ended before its program was executed", status_.name);
}

void ManagedChild::note_exit(const std::optional<ExitStatus>& how, const Moment& now) {
  constexpr int unknown = 255;
  exited_at_ = now.monotonic;
  pid_file_.remove(child_->pid());
  record_exit(how, now);
  const auto elapsed = now.monotonic - status_.started->monotonic;
  status_.pid.reset();
  status_.started.reset();
  status_.last_exit.reset();
  if (how) status_.last_exit = {*how, now.utc};
  if (!was_asked()) result_ = how ? how->shell_code() : unknown;
  const bool is_fine = was_asked() || (how && how->success());
  services_.log->write(is_fine ? LogLevel::info : LogLevel::warn,
                       fmt::format("{}: ended after {}, {}", status_.name, format_elapsed(elapsed),
                                   how ? how->to_string() : "exit status unknown"));
}

void ManagedChild::record_exit(const std::optional<ExitStatus>& how, const Moment& now) {
  services_.exits->add({.name = status_.name,
                        .pid = child_->pid(),
                        .started_at = status_.started->at,
                        .ended_at = now.utc,
                        .status = how,
                        .reason = end_reason_,
                        .memory_peak = child_->memory_peak(),
                        .last_samples = services_.last_samples(status_.name, child_->pid())});
}

void ManagedChild::suspect_background(bool has_escaped, MonotonicTime::duration uptime) {
  const bool is_quick = uptime < at_once;
  if (!has_escaped && !(is_quick && config_.auto_restart)) return;
  status_.last_error = fmt::format("ended {}with 0: does it put itself in the background?",
                                   is_quick ? "at once " : "");
  if (std::exchange(is_background_reported_, true)) return;
  services_.log->warn("{}: {}", status_.name, status_.last_error);
}

bool ManagedChild::is_restarted_after_exit() const {
  return config_.auto_restart && goal_ == Goal::up && !is_shutting_down_;
}

void ManagedChild::begin_to_clear(const Moment& now) {
  asked_at_ = now.monotonic;
  deadline_ = asked_at_ + config_.stop_timeout;
  next_look_ = now.monotonic + group_interval;
}

void ManagedChild::continue_to_clear(const Moment& now) {
  if (!is_collected_ && child_->has_ended()) {
    child_->terminate_group(config_.stop_signal);
    collect(now);
  }
  // What has become an orphan since the last time: one is found only after its parent has ended.
  if (is_killed_ && is_collected_) child_->kill_group();
  if (is_collected_ && !child_->group_alive()) return settle(now);
  next_look_ = now.monotonic + group_interval;
  if (now.monotonic >= deadline_) escalate(now);
}

void ManagedChild::escalate(const Moment& now) {
  if (!is_killed_) {
    services_.log->warn("{}: {} did not end within {} and is killed", status_.name, what_runs(),
                        format_elapsed(config_.stop_timeout));
    return kill(now);
  }
  given_up_ = true;
  services_.log->error("{}: {} cannot be killed and is left alone", status_.name, what_runs());
  status_.last_error = fmt::format("{} could not be killed", what_runs());
  status_.pid.reset();
  status_.started.reset();
  exited_at_ = now.monotonic;
  is_collected_ = true;  // whoever its parent is reaps it when it ends
  settle(now);
}

void ManagedChild::kill(const Moment& now) {
  is_killed_ = true;
  child_->kill_group();
  deadline_ = now.monotonic + kill_patience;
}

std::chrono::milliseconds ManagedChild::longest_end() const {
  return 2 * (config_.stop_timeout + kill_patience);  // first the process, then what it has left
}

std::string_view ManagedChild::what_runs() const {
  return is_collected_ ? "what it left running" : "the process";
}

void ManagedChild::settle(const Moment& now) {
  child_.reset();
  run_.reset();
  if (is_shutting_down_ || goal_ == Goal::down) return enter_final_phase();
  if (std::exchange(starts_after_end_, false)) return wait_for_start(now.monotonic);
  if (!config_.auto_restart) return enter_final_phase();
  if (!has_tries_left()) return give_up();
  wait_for_start(exited_at_ + backoff_.pause(services_.random_fraction()));
  const auto left = std::max(deadline_ - now.monotonic, MonotonicTime::duration::zero());
  const LogLevel level = could_not_start_ ? LogLevel::debug : LogLevel::info;
  services_.log->write(level,
                       fmt::format("{}: restarting in {}", status_.name, format_elapsed(left)));
}

bool ManagedChild::has_tries_left() const {
  return config_.retry_count == 0 || backoff_.failures() < config_.retry_count;
}

void ManagedChild::enter_final_phase() {
  enter(could_not_start_ ? Phase::failed : Phase::exited);
}

void ManagedChild::give_up() {
  status_.last_error = fmt::format("given up after {} failed starts in a row: {}",
                                   backoff_.failures(), status_.last_error);
  services_.log->error("{}: {}", status_.name, status_.last_error);
  enter(Phase::failed);
}

}  // namespace provisr::daemon
