#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

namespace provisr::test {

/// A fake operating system; the test sets the readings of its processes. Thread-safe, except for
/// on_begin_tick.
class FakeSystem {
 public:
  /// Starts a process with this PID. Ends the process that had the PID before.
  void start(ProcessId pid, const ProcessReading& reading = {}) {
    end(pid);
    const std::lock_guard lock(mutex_);
    processes_[pid] = std::make_shared<Process>(Process{reading});
  }

  void end(ProcessId pid) {
    const std::lock_guard lock(mutex_);
    if (const auto found = processes_.find(pid); found != processes_.end()) {
      found->second->is_alive = false;
      processes_.erase(found);
    }
  }

  template <class Change>
  void change(ProcessId pid, Change&& change) {
    const std::lock_guard lock(mutex_);
    change(processes_.at(pid)->reading);
  }

  /// Makes opening this PID fail from now on.
  void refuse(ProcessId pid, std::errc error) {
    const std::lock_guard lock(mutex_);
    refused_[pid] = error;
  }

  void set_further(ProcessId pid, std::uint64_t value) {
    const std::lock_guard lock(mutex_);
    processes_.at(pid)->further_figure = value;
  }

  /// The slot of the further figure that processes have, if requested. Set it before the first
  /// read.
  std::size_t further_slot = 0;

  /// Called at the start of each tick, on the thread that ticks.
  std::function<void()> on_begin_tick;

 private:
  friend class FakeSampler;

  struct Process {
    ProcessReading reading;
    bool is_alive = true;
    std::uint64_t further_figure = 42;
  };

  std::mutex mutex_;
  std::map<ProcessId, std::shared_ptr<Process>> processes_;
  std::map<ProcessId, std::errc> refused_;
};

class FakeContext {
 public:
  explicit FakeContext(FakeSystem& system) noexcept : system_(&system) {}

  void begin_tick() noexcept {
    if (system_->on_begin_tick) system_->on_begin_tick();
  }
  [[nodiscard]] FakeSystem& system() const noexcept { return *system_; }

 private:
  FakeSystem* system_;
};

/// Samples a process of a FakeSystem.
class FakeSampler {
 public:
  using Context = FakeContext;

  [[nodiscard]] static std::optional<FakeSampler> open(Context& context, ProcessId pid,
                                                       std::error_code& error) {
    FakeSystem& system = context.system();
    const std::lock_guard lock(system.mutex_);
    if (const auto refused = system.refused_.find(pid); refused != system.refused_.end()) {
      error = std::make_error_code(refused->second);
      return std::nullopt;
    }
    const auto found = system.processes_.find(pid);
    if (found == system.processes_.end()) {
      error = std::make_error_code(std::errc::no_such_process);
      return std::nullopt;
    }
    error = {};
    return FakeSampler(system, found->second);
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    const std::lock_guard lock(system_->mutex_);
    if (!process_->is_alive) return ReadStatus::vanished;
    const FurtherReadings more = reading.more;
    reading = process_->reading;
    reading.more = more;
    const std::size_t slot = system_->further_slot;
    if (more.asks_for(slot)) reading.more.set(slot, process_->further_figure);
    return ReadStatus::ok;
  }

 private:
  FakeSampler(FakeSystem& system, std::shared_ptr<FakeSystem::Process> process) noexcept
      : system_(&system), process_(std::move(process)) {}

  FakeSystem* system_;
  std::shared_ptr<FakeSystem::Process> process_;
};

}  // namespace provisr::test
