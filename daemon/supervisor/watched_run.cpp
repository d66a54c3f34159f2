#include "daemon/supervisor/watched_run.hpp"

#include "daemon/platform/process_facts.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace provisr::daemon {
namespace {

/// How long to wait for the exit status of a process: its parent may take a moment to reap it.
constexpr std::chrono::seconds patience_for_record{4};

}  // namespace

WatchedRun::WatchedRun(std::string name, ProcessKind kind, SampleScope scope,
                       const ProcessServices& services)
    : scope_(scope), services_(services) {
  status_.name = std::move(name);
  status_.kind = kind;
  status_.state = ProcessState::absent;
}

void WatchedRun::take_over(const RememberedProcess& before) {
  starts_ = before.starts;
  status_.restarts = starts_ > 0 ? starts_ - 1 : 0;
  if (!before.run) return;
  last_watched_ = before.run->identity;
  if (before.run->started != ProcessStatus::Started()) last_started_ = before.run->started;
}

void WatchedRun::look(const Moment& now) {
  if (record_) complete_record(now);
  if (!is_end_announced_) notice_end(now);
}

void WatchedRun::note_end(const Moment& now) {
  if (record_) complete_record(now);
  notice_end(now);
}

void WatchedRun::notice_end(const Moment& now) {
  if (!is_alive_ || is_alive_()) return;
  const auto started_at =
      status_.started ? std::optional(status_.started->at) : std::optional<Timestamp>();
  record_ = ExitRecord{.name = status_.name,
                       .pid = *status_.pid,
                       .started_at = started_at,
                       .ended_at = now.utc,
                       .status = {},
                       .memory_peak = {},
                       .last_samples = services_.last_samples(status_.name, *status_.pid)};
  record_until_ = now.monotonic + patience_for_record;
  complete_record(now);
  const LogLevel level = status_.kind == ProcessKind::match ? LogLevel::debug : LogLevel::info;
  if (services_.log->enabled(level)) {
    services_.log->write(level,
                         fmt::format("{}: process {} has ended", status_.name, *status_.pid));
  }
  note_absence(fmt::format("process {} has ended", *status_.pid));
}

void WatchedRun::note_absence(std::string why) {
  is_alive_ = nullptr;
  is_end_announced_ = false;
  status_.state = ProcessState::absent;
  status_.last_error = std::move(why);
  status_.pid.reset();
  status_.started.reset();
}

void WatchedRun::complete_record(const Moment& now) {
  if (handle_) record_->status = handle_->exit_status();
  if (handle_ && !record_->status && now.monotonic < record_until_) return;
  flush_record();
}

void WatchedRun::flush_record() {
  if (!record_) return;
  services_.exits->add(*std::exchange(record_, std::nullopt));
  handle_.reset();
}

void WatchedRun::set_scope(SampleScope scope) {
  if (std::exchange(scope_, scope) == scope || !runs()) return;
  const std::error_code error = services_.track(status_.name, *status_.pid, {.scope = scope_});
  // If the process has ended, the PID may be another's by now. The next look notices the end.
  if (error || !is_alive_()) services_.release(status_.name);
}

void WatchedRun::release(std::string why) {
  if (!runs()) return;
  services_.release(status_.name);
  handle_.reset();
  note_absence(std::move(why));
}

std::error_code WatchedRun::follow(ProcessId pid, const Moment& now,
                                   const std::function<bool()>& is_it) {
  std::error_code error;
  IsAlive found = services_.find(pid, error);
  if (found && is_it && !is_it()) error = std::make_error_code(std::errc::no_such_process);
  if (found && !error) error = services_.track(status_.name, pid, {.scope = scope_});
  if (error) return error;
  flush_record();
  handle_ = services_.can_measure_children ? ProcessHandle::open(pid) : nullptr;
  if (handle_) handle_->expect_end();
  is_end_announced_ = handle_ && handle_->announce_end();
  status_.started = start_of(pid, now);
  if (!found()) {  // the PID may have been reused before the calls above
    services_.release(status_.name);
    handle_.reset();
    is_end_announced_ = false;
    status_.started.reset();
  }
  is_alive_ = std::move(found);
  count_start(pid);
  status_.state = ProcessState::running;
  status_.pid = pid;
  status_.last_error.clear();
  const LogLevel level = status_.kind == ProcessKind::match ? LogLevel::debug : LogLevel::info;
  if (services_.log->enabled(level)) {
    services_.log->write(level, fmt::format("{}: watching process {}", status_.name, pid));
  }
  return {};
}

bool WatchedRun::has_ended_since(ProcessId pid, std::chrono::nanoseconds age_of_file,
                                 const Moment& now) const {
  for (const auto& ended : services_.exits->find(status_.name)) {
    if (ended->pid == pid) return age_of_file > now.utc - ended->ended_at;
  }
  if (!is_another(pid)) return false;
  constexpr std::chrono::seconds rounding{2};  // of start times and of times in file systems
  const auto started = start_of(pid, now);
  return started && age_of_file > now.utc - started->at + rounding;
}

/// Returns whether the process that was watched last, by an earlier daemon, had this PID, which
/// another process has now.
bool WatchedRun::is_another(ProcessId pid) const {
  if (!last_watched_ || last_watched_->pid != pid) return false;
  const auto identity = services_.identify(pid);
  return identity && identity != last_watched_;
}

std::optional<ProcessStatus::Started> WatchedRun::start_of(ProcessId pid, const Moment& now) const {
  const auto started_at = services_.start_of(pid);
  if (!started_at) return std::nullopt;
  const Timestamp at = start_on_wall_clock(*started_at);
  return ProcessStatus::Started{at, now.monotonic - (now.utc - at)};
}

/// Counts a start unless an earlier daemon has watched this process; its start time is kept then.
void WatchedRun::count_start(ProcessId pid) {
  const auto identity = services_.memory != nullptr ? services_.identify(pid) : std::nullopt;
  const bool is_known = identity && identity == last_watched_;
  if (is_known && last_started_) status_.started = last_started_;
  last_watched_ = identity;
  last_started_ = status_.started;
  if (!is_known) status_.restarts = starts_++;
  if (!identity) return;
  const ProcessStatus::Started started = status_.started.value_or(ProcessStatus::Started());
  services_.memory->remember(
      status_.name, {.kind = status_.kind,
                     .starts = starts_,
                     .is_stopped = false,
                     .run = RememberedProcess::Run{.identity = *identity, .started = started}});
}

}  // namespace provisr::daemon
