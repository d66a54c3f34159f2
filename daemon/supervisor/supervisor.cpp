#include "daemon/supervisor/supervisor.hpp"

#include "daemon/supervisor/managed_child.hpp"
#include "daemon/supervisor/watched_process.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace provisr::daemon {

Supervisor::Supervisor(const std::vector<ProcessConfig>& processes, Registry& registry,
                       const Log& log, Until until, SupervisorOptions options)
    : until_(until),
      options_(std::move(options)),
      services_{
          options_.launch, options_.find,
          [&registry](std::string_view name, ProcessId pid) { return registry.track(name, pid); },
          &log} {
  const bool is_one_command =
      until == Until::all_exited && processes.size() == 1 && processes.front().instances == 1;
  for (const ProcessConfig& config : processes) add(config, is_one_command, registry);
  publish();
}

void Supervisor::add(const ProcessConfig& config, bool inherit_stdin, Registry& registry) {
  for (std::string& name : instance_names(config)) {
    if (const std::error_code error = registry.declare(name)) throw std::system_error(error, name);
    if (config.is_foreign()) {
      processes_.push_back(
          std::make_unique<WatchedProcess>(std::move(name), config.pid_file, services_));
    } else {
      processes_.push_back(
          std::make_unique<ManagedChild>(std::move(name), config, inherit_stdin, services_));
    }
  }
}

void Supervisor::start() {
  for (const auto& process : processes_) process->start(now());
  publish();
}

int Supervisor::run(Events& events) {
  update();
  while (!finished()) {
    const Events::Kind kind = events.wait_until(next_deadline());
    update();  // first: what has ended by now did so by itself
    if (kind == Events::Kind::stop_requested) request_stop();
  }
  return exit_status();
}

void Supervisor::update() {
  const Moment moment = now();
  for (const auto& process : processes_) process->update(moment);
  publish();
}

void Supervisor::request_stop() {
  if (std::exchange(stop_requested_, true)) return;
  services_.log->info("stopping");
  const Moment moment = now();
  for (const auto& process : processes_) process->stop(moment);
  publish();
}

bool Supervisor::finished() const {
  return (stop_requested_ || until_ == Until::all_exited) && all_ended();
}

bool Supervisor::all_ended() const {
  return std::all_of(processes_.begin(), processes_.end(),
                     [](const auto& process) { return process->ended(); });
}

MonotonicTime Supervisor::next_deadline() const {
  MonotonicTime earliest = MonotonicTime::max();
  for (const auto& process : processes_) earliest = std::min(earliest, process->next_deadline());
  return earliest;
}

int Supervisor::exit_status() const {
  for (const auto& process : processes_) {
    if (process->given_up()) return 1;
  }
  if (until_ == Until::stopped) return 0;
  for (const auto& process : processes_) {
    if (process->result() != 0) return process->result();
  }
  return 0;
}

std::vector<ProcessStatus> Supervisor::status() const {
  const std::lock_guard lock(status_mutex_);
  return published_;
}

void Supervisor::publish() {
  std::vector<ProcessStatus> current;
  current.reserve(processes_.size());
  for (const auto& process : processes_) current.push_back(process->status());
  const std::lock_guard lock(status_mutex_);
  published_.swap(current);
}

Moment Supervisor::now() const {
  return {options_.clock->monotonic_now(), options_.clock->utc_now()};
}

}  // namespace provisr::daemon
