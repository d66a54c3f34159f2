#include "daemon/supervisor/watched_process.hpp"

#include "daemon/base/text.hpp"
#include "daemon/supervisor/deadlines.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace provisr::daemon {
namespace {

constexpr std::chrono::seconds poll_interval{1};

}  // namespace

WatchedProcess::WatchedProcess(std::string name, std::filesystem::path pid_file, SampleScope scope,
                               const ProcessServices& services)
    : question_(std::move(pid_file), {}),
      services_(services),
      run_(std::move(name), ProcessKind::pid_file, scope, services) {}

void WatchedProcess::reconfigure(const std::filesystem::path& pid_file, SampleScope scope) {
  run_.set_scope(scope);
  if (pid_file == this->pid_file()) return;
  question_ = {pid_file, {}};
  last_reading_.reset();
  next_look_ = {};
  const auto answer = services_.look_at_pid_file(question_);
  const bool is_same = answer && answer->reading->pid == status().pid;
  if (!is_same) run_.release("pid_file has changed");
}

void WatchedProcess::update(const Moment& now) {
  next_look_ = next_shared_moment(now.monotonic, poll_interval);
  run_.look(now);
  read_file(now);
}

void WatchedProcess::take_over(const RememberedProcess& before, const Moment& /*now*/) {
  run_.take_over(before);
}

void WatchedProcess::read_file(const Moment& now) {
  auto answer = services_.look_at_pid_file(question_);
  note_silence(!answer);
  if (!answer) return;
  if (answer->reading && answer->reading != last_reading_) {
    take_reading(std::move(*answer->reading), now);
  }
  const bool held_pid = last_reading_ && last_reading_->pid;
  const auto stamp = held_pid ? answer->stamp : std::nullopt;
  if (question_.known_stamp() != stamp) question_ = {pid_file(), stamp};
}

void WatchedProcess::take_reading(PidFile reading, const Moment& now) {
  last_reading_ = std::move(reading);
  if (!last_reading_->pid) {
    report(fmt::format("pid_file {} {}", name_of(pid_file()), last_reading_->problem));
  } else if (run_.runs() && last_reading_->pid == status().pid) {
    problems_.clear();
    run_.set_error({});
  } else {
    follow(*last_reading_->pid, now);
  }
}

/// A file system that answers again brings back the error that was known before.
void WatchedProcess::note_silence(bool is_silent) {
  if (is_silent == error_before_silence_.has_value()) return;
  const std::string silence = fmt::format(
      "pid_file {} cannot be read: its file system does not answer", name_of(pid_file()));
  if (is_silent) {
    error_before_silence_ = status().last_error;
    run_.set_error(silence);
    return services_.log->warn("{}: {}", status().name, silence);
  }
  if (status().last_error == silence) run_.set_error(*error_before_silence_);
  error_before_silence_.reset();
  services_.log->info("{}: pid_file {}: its file system answers again", status().name,
                      name_of(pid_file()));
}

void WatchedProcess::follow(ProcessId pid, const Moment& now) {
  const auto age_of_file = PidFile::Time::clock::now() - last_reading_->written_at;
  if (run_.has_ended_since(pid, age_of_file, now)) {
    return report(fmt::format("process {} of pid_file {} has ended since the file was written", pid,
                              name_of(pid_file())));
  }
  const std::error_code error = run_.follow(pid, now);
  if (!error) return problems_.clear();
  const bool exists = services_.exists(pid);
  // Try again unless the process is gone.
  if (error != std::errc::no_such_process || exists) last_reading_.reset();
  report(fmt::format("process {} of pid_file {} cannot be watched: {}", pid, name_of(pid_file()),
                     reason_of(error, exists)));
}

void WatchedProcess::report(const std::string& problem) {
  run_.set_error(problem);
  if (problems_.is_new(problem)) services_.log->warn("{}: {}", status().name, problem);
}

}  // namespace provisr::daemon
