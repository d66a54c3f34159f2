#include "daemon/supervisor/watched_process.hpp"

#include "daemon/base/text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::seconds poll_interval{1};

}  // namespace

WatchedProcess::WatchedProcess(std::string name, std::filesystem::path pid_file, SampleScope scope,
                               const ProcessServices& services)
    : pid_file_(std::move(pid_file)),
      services_(services),
      run_(std::move(name), ProcessKind::pid_file, scope, services) {}

void WatchedProcess::reconfigure(const std::filesystem::path& pid_file, SampleScope scope) {
  run_.set_scope(scope);
  if (std::exchange(pid_file_, pid_file) == pid_file) return;
  last_reading_.reset();
  next_look_ = {};
  if (read_pid_file(pid_file_).pid != status().pid) run_.release("pid_file has changed");
}

void WatchedProcess::update(const Moment& now) {
  next_look_ = now.monotonic + poll_interval;
  run_.look(now);
  read_file(now);
}

void WatchedProcess::take_over(const RememberedProcess& before, const Moment& /*now*/) {
  run_.take_over(before);
}

void WatchedProcess::read_file(const Moment& now) {
  const auto stamp = stamp_of(pid_file_);  // before the content: a later write changes the stamp
  const bool held_pid = last_reading_ && last_reading_->pid;
  if (held_pid && stamp && stamp == last_stamp_) return;
  last_stamp_ = stamp;
  PidFile reading = read_pid_file(pid_file_);
  if (reading == last_reading_) return;
  last_reading_ = std::move(reading);
  if (!last_reading_->pid) {
    report(fmt::format("pid_file {} {}", name_of(pid_file_), last_reading_->problem));
  } else if (run_.runs() && last_reading_->pid == status().pid) {
    problems_.clear();
    run_.set_error({});
  } else {
    follow(*last_reading_->pid, now);
  }
}

void WatchedProcess::follow(ProcessId pid, const Moment& now) {
  const std::error_code error = run_.follow(pid, now);
  if (!error) return problems_.clear();
  const bool exists = services_.exists(pid);
  // Try again unless the process is gone.
  if (error != std::errc::no_such_process || exists) last_reading_.reset();
  report(fmt::format("process {} of pid_file {} cannot be watched: {}", pid, name_of(pid_file_),
                     reason_of(error, exists)));
}

void WatchedProcess::report(const std::string& problem) {
  run_.set_error(problem);
  if (problems_.is_new(problem)) services_.log->warn("{}: {}", status().name, problem);
}

}  // namespace provisr::daemon
