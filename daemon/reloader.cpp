#include "daemon/reloader.hpp"

#include <exception>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] ReloadReport faulty(std::string fault) {
  ReloadReport report;
  report.faults.push_back(std::move(fault));
  return report;
}

[[nodiscard]] ReloadReport refused(std::string why) {
  ReloadReport report;
  report.refusal = std::move(why);
  return report;
}

[[nodiscard]] ReloadReport ending() {
  return refused("provisrd is ending");
}

}  // namespace

Reloader::Reloader(Steps steps, const Log& log, const ServiceManager& manager)
    : steps_(std::move(steps)), log_(&log), manager_(&manager) {}

void Reloader::start() {
  thread_ = std::thread([this] { run(); });
}

void Reloader::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (const ReloadReply& reply : std::exchange(waiting_, {})) reply(ending());
}

void Reloader::request(ReloadReply reply) {
  bool is_ending = false;
  {
    const std::lock_guard lock(mutex_);
    is_ending = is_ending_;
    if (!is_ending && waiting_.size() < max_waiting) {
      waiting_.push_back(std::move(reply));
      changed_.notify_one();
      return;
    }
  }
  reply(is_ending ? ending() : refused("too many reloads are waiting; try again later"));
}

void Reloader::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    const std::vector<ReloadReply> replies = std::exchange(waiting_, {});
    lock.unlock();
    manager_->notify_reloading();
    const ReloadReport report = reload();
    manager_->notify_ready();  // also if the previous configuration stays
    for (const ReloadReply& reply : replies) reply(report);
    if (!is_wanted()) steps_.finish([this] { return is_wanted(); });
    lock.lock();
  }
}

bool Reloader::is_wanted() {
  const std::lock_guard lock(mutex_);
  return is_ending_ || !waiting_.empty();
}

ReloadReport Reloader::reload() const noexcept {
  ReloadReport report;
  try {
    try {
      report = try_reload();
    } catch (const std::exception& failure) {
      report = faulty(failure.what());
    }
    tell(report);
  } catch (const std::exception&) {  // out of memory: cannot be reported
  }
  return report;
}

ReloadReport Reloader::try_reload() const {
  const LoadedConfig loaded = steps_.load();
  for (const ConfigNotice& warning : loaded.warnings) log_->warn("{}", warning.to_string());
  if (loaded.faults.empty()) return steps_.apply(loaded.config);
  ReloadReport report;
  for (const ConfigNotice& fault : loaded.faults) report.faults.push_back(fault.to_string());
  return report;
}

void Reloader::tell(const ReloadReport& report) const {
  if (!report.refusal.empty()) return log_->error("not reloaded: {}", report.refusal);
  for (const std::string& fault : report.faults) {
    log_->error("not reloaded: {}", fault);
  }
  for (const std::string& key : report.at_next_start) {
    log_->warn("{} takes effect only after provisrd is restarted", key);
  }
  if (!report.faults.empty()) return;
  const ReloadChanges& processes = report.processes;
  log_->info("reloaded: {} started, {} stopped, {} restarted, {} changed", processes.started.size(),
             processes.stopped.size(), processes.restarted.size(), processes.changed.size());
}

}  // namespace provisr::daemon
