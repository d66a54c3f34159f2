#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::test {

/// An operating system that keeps account of CPU time as Linux does: what a process has used is
/// added, once its parent waits for it, to the parent's account of its children.
class FakeFamilies {
 public:
  static constexpr ProcessId init = 1;

  struct Process {
    ProcessId parent = 0;
    ProcessId group = 0;
    std::uint64_t cpu_ns = 0;
    std::uint64_t children_ns = 0;
    bool is_zombie = false;
    bool tells_fds = true;
  };

  void fork(ProcessId parent, ProcessId child) {
    const auto found = processes.find(parent);
    const ProcessId group = found == processes.end() ? child : found->second->group;
    processes[child] = std::make_shared<Process>(Process{.parent = parent, .group = group});
    born_.push_back(child);
  }
  void burn(ProcessId pid, std::uint64_t ns) { processes.at(pid)->cpu_ns += ns; }

  /// Its children become those of process 1.
  void exit(ProcessId pid) {
    processes.at(pid)->is_zombie = true;
    for (auto& [id, process] : processes) {
      if (process->parent == pid) process->parent = init;
    }
  }
  /// Its parent waits for it, or, if it `ignores` its children, the system forgets it.
  void reap(ProcessId pid, bool ignores = false) {
    const auto process = processes.at(pid);
    const auto parent = processes.find(process->parent);
    if (parent != processes.end() && !ignores) {
      parent->second->children_ns += process->cpu_ns + process->children_ns;
    }
    if (std::erase(born_, pid) > 0) has_missed = true;
    processes.erase(pid);
  }
  void end(ProcessId pid) {
    exit(pid);
    reap(pid);
  }

  std::map<ProcessId, std::shared_ptr<Process>> processes;
  bool has_missed = false;
  bool lists_all = false;  ///< as at a foreign proc root
  std::uint64_t family_reads = 0;
  std::uint64_t opened = 0;

 private:
  friend class FakeFamilyContext;
  std::vector<ProcessId> born_;
};

class FakeFamilyContext {
 public:
  explicit FakeFamilyContext(FakeFamilies& system) : system_(&system) {}

  void begin_tick() noexcept {}
  [[nodiscard]] std::span<const Descent> new_processes() noexcept {
    missed_ = std::exchange(system_->has_missed, false);
    if (system_->lists_all || std::exchange(recounts_, false)) return candidates(0);
    found_.clear();
    for (const ProcessId pid : std::exchange(system_->born_, {})) found_.push_back(descent(pid));
    return found_;
  }
  [[nodiscard]] std::span<const Descent> candidates(ProcessId) noexcept {
    found_.clear();
    for (const auto& [pid, process] : system_->processes) found_.push_back(descent(pid));
    return found_;
  }
  [[nodiscard]] bool missed_processes() const noexcept { return missed_; }
  void recount_processes() noexcept { recounts_ = true; }
  [[nodiscard]] bool tells_children_cpu() const noexcept { return true; }
  [[nodiscard]] FakeFamilies& system() const noexcept { return *system_; }

 private:
  [[nodiscard]] Descent descent(ProcessId pid) const {
    const FakeFamilies::Process& process = *system_->processes.at(pid);
    return {pid, process.parent, process.parent == FakeFamilies::init ? process.group : 0};
  }

  FakeFamilies* system_;
  std::vector<Descent> found_;
  bool missed_ = false;
  bool recounts_ = false;
};

class FakeFamilySampler {
 public:
  using Context = FakeFamilyContext;

  [[nodiscard]] static std::optional<FakeFamilySampler> open(Context& context, ProcessId pid,
                                                             std::error_code& error) {
    FakeFamilies& system = context.system();
    const auto found = system.processes.find(pid);
    error = {};
    if (found == system.processes.end()) error = std::make_error_code(std::errc::no_such_process);
    if (error) return std::nullopt;
    ++system.opened;
    return FakeFamilySampler(system, pid, found->second);
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    reading.clear();
    if (!exists() || process_->is_zombie) return ReadStatus::vanished;
    reading.cpu_time_ns = process_->cpu_ns;
    reading.memory_rss_bytes = 100U;
    reading.memory_vms_bytes = 1000U;
    reading.memory_swap_bytes = 10U;
    reading.num_threads = 2U;
    if (process_->tells_fds) reading.num_fds = 3U;
    if (reading.more.asks_for(0)) reading.more.set(0, 7);
    return ReadStatus::ok;
  }

  [[nodiscard]] ReadStatus read_family(FamilyReading& reading) noexcept {
    ++system_->family_reads;
    if (!exists()) return ReadStatus::vanished;
    constexpr std::uint64_t clock_tick = 10'000'000;
    reading.parent = process_->parent;
    reading.children_cpu_ns = process_->children_ns / clock_tick * clock_tick;
    return ReadStatus::ok;
  }

 private:
  FakeFamilySampler(FakeFamilies& system, ProcessId pid,
                    std::shared_ptr<FakeFamilies::Process> process)
      : system_(&system), pid_(pid), process_(std::move(process)) {}

  [[nodiscard]] bool exists() const noexcept {
    const auto found = system_->processes.find(pid_);
    return found != system_->processes.end() && found->second == process_;
  }

  FakeFamilies* system_;
  ProcessId pid_;
  std::shared_ptr<FakeFamilies::Process> process_;
};

}  // namespace provisr::test
