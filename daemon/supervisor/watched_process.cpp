#include "daemon/supervisor/watched_process.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::seconds poll_interval{1};
/// How often to ask how a process ended; its parent may take a moment to ask itself.
constexpr int looks_at_record = 5;

}  // namespace

WatchedProcess::WatchedProcess(std::string name, std::filesystem::path pid_file, SampleScope scope,
                               const ProcessServices& services)
    : pid_file_(std::move(pid_file)), scope_(scope), services_(services) {
  status_.name = std::move(name);
  status_.kind = ProcessKind::pid_file;
  status_.state = ProcessState::absent;
}

void WatchedProcess::update(const Moment& now) {
  next_look_ = now.monotonic + poll_interval;
  if (record_) complete_record();
  notice_end(now);
  read_file();
}

void WatchedProcess::take_over(const RememberedProcess& before, const Moment& /*now*/) {
  starts_ = before.starts;
  status_.restarts = starts_ > 0 ? starts_ - 1 : 0;
  if (before.run) last_watched_ = before.run->identity;
}

void WatchedProcess::notice_end(const Moment& now) {
  if (!is_alive_ || is_alive_()) return;
  record_ = ExitRecord{.name = status_.name,
                       .pid = *status_.pid,
                       .started_at = {},
                       .ended_at = now.utc,
                       .status = {},
                       .memory_peak = {},
                       .last_sample = services_.last_sample(status_.name, *status_.pid)};
  looks_at_record_ = 0;
  complete_record();
  services_.log->info("{}: process {} has ended", status_.name, *status_.pid);
  is_alive_ = nullptr;
  status_.state = ProcessState::absent;
  status_.last_error = fmt::format("process {} has ended", *status_.pid);
  status_.pid.reset();
}

void WatchedProcess::complete_record() {
  if (handle_) record_->status = handle_->exit_status();
  if (handle_ && !record_->status && ++looks_at_record_ < looks_at_record) return;
  flush_record();
}

void WatchedProcess::flush_record() {
  if (record_) services_.exits->add(*std::exchange(record_, std::nullopt));
  handle_.reset();
}

void WatchedProcess::read_file() {
  PidFile reading = read_pid_file(pid_file_);
  if (reading == last_reading_) return;
  last_reading_ = std::move(reading);
  if (!last_reading_->pid) {
    report(fmt::format("pid_file {} {}", name_of(pid_file_), last_reading_->problem));
  } else if (is_alive_ && last_reading_->pid == status_.pid) {
    problems_.clear();
    status_.last_error.clear();
  } else {
    follow(*last_reading_->pid);
  }
}

void WatchedProcess::follow(ProcessId pid) {
  std::error_code error;
  IsAlive found = services_.find(pid, error);
  if (found) error = services_.track(status_.name, pid, scope_);
  if (error) {
    const bool exists = services_.exists(pid);
    // Try again unless the process is gone.
    if (error != std::errc::no_such_process || exists) last_reading_.reset();
    report(fmt::format("process {} of pid_file {} cannot be watched: {}", pid, name_of(pid_file_),
                       reason_of(error, exists)));
    return;
  }
  flush_record();
  handle_ = ProcessHandle::open(pid);
  if (handle_ && !found()) handle_.reset();  // it may be of a process that came after
  is_alive_ = std::move(found);
  count_start(pid);
  problems_.clear();
  status_.state = ProcessState::running;
  status_.pid = pid;
  status_.last_error.clear();
  services_.log->info("{}: watching process {}", status_.name, pid);
}

/// One that an earlier daemon has watched is no new start.
void WatchedProcess::count_start(ProcessId pid) {
  const auto identity = services_.memory != nullptr ? services_.identify(pid) : std::nullopt;
  const bool is_known = identity && identity == last_watched_;
  last_watched_ = identity;
  if (!is_known) status_.restarts = starts_++;
  if (!identity) return;
  services_.memory->remember(status_.name,
                             {.kind = ProcessKind::pid_file,
                              .starts = starts_,
                              .is_stopped = false,
                              .run = RememberedProcess::Run{.identity = *identity, .started = {}}});
}

void WatchedProcess::report(const std::string& problem) {
  status_.last_error = problem;
  if (problems_.is_new(problem)) services_.log->warn("{}: {}", status_.name, problem);
}

}  // namespace provisr::daemon
