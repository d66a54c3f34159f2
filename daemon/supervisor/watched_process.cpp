#include "daemon/supervisor/watched_process.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::seconds poll_interval{1};

}  // namespace

WatchedProcess::WatchedProcess(std::string name, std::filesystem::path pid_file,
                               const ProcessServices& services)
    : pid_file_(std::move(pid_file)), services_(services) {
  status_.name = std::move(name);
  status_.kind = ProcessKind::pid_file;
  status_.state = ProcessState::absent;
}

void WatchedProcess::update(const Moment& now) {
  next_look_ = now.monotonic + poll_interval;
  notice_end();
  read_file();
}

void WatchedProcess::notice_end() {
  if (!is_alive_ || is_alive_()) return;
  services_.log->info("{}: process {} has ended", status_.name, *status_.pid);
  is_alive_ = nullptr;
  status_.state = ProcessState::absent;
  status_.last_error = fmt::format("process {} has ended", *status_.pid);
  status_.pid.reset();
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
  if (found) error = services_.track(status_.name, pid);
  if (error) {
    const bool exists = services_.exists(pid);
    // Try again unless the process is gone.
    if (error != std::errc::no_such_process || exists) last_reading_.reset();
    report(fmt::format("process {} of pid_file {} cannot be watched: {}", pid, name_of(pid_file_),
                       reason_of(error, exists)));
    return;
  }
  is_alive_ = std::move(found);
  if (std::exchange(had_process_, true)) ++status_.restarts;
  problems_.clear();
  status_.state = ProcessState::running;
  status_.pid = pid;
  status_.last_error.clear();
  services_.log->info("{}: watching process {}", status_.name, pid);
}

void WatchedProcess::report(const std::string& problem) {
  status_.last_error = problem;
  if (problems_.is_new(problem)) services_.log->warn("{}: {}", status_.name, problem);
}

}  // namespace provisr::daemon
