#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/sampler.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace provisr::test {

/// A fake operating system that accounts like Linux: when a parent reaps a process, the usage of
/// the process is added to the parent's account of its children. IO has one account for a process
/// and its children; context switches have no account for children.
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
    bool tells_cpu_time = true;
    std::uint64_t read_bytes = 0;  ///< includes the children that it has reaped
    std::uint64_t faults = 0;
    std::uint64_t children_faults = 0;
    std::uint64_t switches = 0;
    std::uint64_t rss = 100;
    std::uint64_t peak = 100;
    Figure<std::uint64_t> pss = 50;  ///< unknown: still being read
    bool tells_io = true;
    bool is_kernel_thread = false;
    bool was_there = false;  ///< is not newborn, see Descent
    bool has_memory = true;  ///< false for a process that is ending, too
  };

  void fork(ProcessId parent, ProcessId child) {
    const auto found = processes.find(parent);
    const ProcessId group = found == processes.end() ? child : found->second->group;
    processes[child] = std::make_shared<Process>(Process{.parent = parent, .group = group});
    born_.push_back(child);
  }
  void burn(ProcessId pid, std::uint64_t ns) { processes.at(pid)->cpu_ns += ns; }

  /// Makes a process a zombie. Its children become children of `adopter`.
  void exit(ProcessId pid) {
    processes.at(pid)->is_zombie = true;
    for (auto& [id, process] : processes) {
      if (process->parent == pid) process->parent = adopter;
    }
  }
  /// Reaps a zombie on behalf of its parent. If the parent `ignores` its children, their usage is
  /// not added to its account.
  void reap(ProcessId pid, bool ignores = false) {
    const auto process = processes.at(pid);
    const auto parent = processes.find(process->parent);
    if (parent != processes.end() && !ignores) {
      parent->second->children_ns += process->cpu_ns + process->children_ns;
      parent->second->read_bytes += process->read_bytes;
      parent->second->children_faults += process->faults + process->children_faults;
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
  /// Descriptors are short: no process can be opened, and no family be read.
  bool is_short = false;
  bool has_unread = false;  ///< processes could not be read: see has_unread_processes()
  bool tells_newborns = true;
  ProcessId own_process = 0;
  ProcessId adopter = init;
  bool lists_all = false;  ///< new_processes() returns all processes, as for a foreign proc root
  std::uint64_t family_reads = 0;
  std::uint64_t opened = 0;
  /// Called once new processes have been listed, before they are opened.
  std::function<void()> after_listing = [] {};
  /// Called just before the figures of a process are read.
  std::function<void(ProcessId)> before_reading = [](ProcessId) {};

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
    if (system_->lists_all || std::exchange(recounts_, false)) {
      static_cast<void>(candidates(0));
    } else {
      found_.clear();
      for (const ProcessId pid : std::exchange(system_->born_, {})) found_.push_back(descent(pid));
    }
    std::exchange(system_->after_listing, [] {})();
    return found_;
  }
  [[nodiscard]] std::span<const Descent> candidates(ProcessId) noexcept {
    found_.clear();
    for (const auto& [pid, process] : system_->processes) found_.push_back(descent(pid));
    return found_;
  }
  [[nodiscard]] bool missed_processes() const noexcept { return missed_; }
  [[nodiscard]] bool has_unread_processes() const noexcept { return system_->has_unread; }
  [[nodiscard]] std::optional<Descent> descent_of(ProcessId pid) const noexcept {
    if (!system_->processes.contains(pid)) return std::nullopt;
    return descent(pid);
  }
  [[nodiscard]] ProcessId own_process() const noexcept { return system_->own_process; }
  void recount_processes() noexcept { recounts_ = true; }
  [[nodiscard]] bool reports_children_cpu() const noexcept { return true; }
  [[nodiscard]] ChildrenAccounts children_accounts() const noexcept {
    return {.apart = further_group<figures>("faults"), .contained = further_group<figures>("io")};
  }
  [[nodiscard]] FakeFamilies& system() const noexcept { return *system_; }

 private:
  [[nodiscard]] Descent descent(ProcessId pid) const {
    const FakeFamilies::Process& process = *system_->processes.at(pid);
    return {
        .pid = pid,
        .parent = process.parent,
        .orphan_of = may_be_adopted(process) ? process.group : 0,
        .leads_group = process.group == pid,
        .is_newborn = system_->tells_newborns ? std::optional(!process.was_there) : std::nullopt,
        .is_kernel_thread = process.is_kernel_thread};
  }

  [[nodiscard]] bool may_be_adopted(const FakeFamilies::Process& process) const noexcept {
    return process.parent == FakeFamilies::init || process.parent == system_->adopter;
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
    if (system.is_short) error = std::make_error_code(std::errc::too_many_files_open);
    if (error) return std::nullopt;
    ++system.opened;
    return FakeFamilySampler(system, pid, found->second);
  }

  [[nodiscard]] ReadStatus read(ProcessReading& reading) noexcept {
    reading.clear();
    system_->before_reading(pid_);
    if (!exists() || process_->is_zombie) return ReadStatus::vanished;
    if (process_->tells_cpu_time) reading.cpu_time_ns = process_->cpu_ns;
    if (process_->has_memory) {
      reading.memory_rss_bytes = process_->rss;
      reading.memory_vms_bytes = 1000U;
      reading.memory_swap_bytes = 10U;
    }
    reading.num_threads = process_->has_memory ? 2U : 1U;
    if (process_->tells_fds) reading.num_fds = 3U;
    read_further(reading.more);
    return ReadStatus::ok;
  }

  /// Works for a zombie, too.
  [[nodiscard]] ReadStatus read_counters(ProcessReading& reading) noexcept {
    reading.clear();
    system_->before_reading(pid_);
    if (!exists()) return ReadStatus::vanished;
    reading.cpu_time_ns = process_->cpu_ns;
    read_further(reading.more);
    return ReadStatus::ok;
  }

  [[nodiscard]] ReadStatus read_family(FamilyReading& reading) noexcept {
    ++system_->family_reads;
    if (!exists()) return ReadStatus::vanished;
    constexpr std::uint64_t clock_tick = 10'000'000;
    reading.clear();
    reading.is_unread = system_->is_short;
    if (system_->is_short) return ReadStatus::ok;
    reading.parent = process_->parent;
    reading.leads_group = process_->group == pid_;
    reading.is_kernel_thread = process_->is_kernel_thread;
    set(reading.children, further_slot<figures>("major_faults"), process_->children_faults);
    reading.children_cpu_ns = process_->children_ns / clock_tick * clock_tick;
    return ReadStatus::ok;
  }

  [[nodiscard]] ReadStatus read_family(FamilyReading& reading, const Descent&) noexcept {
    return read_family(reading);
  }

 private:
  FakeFamilySampler(FakeFamilies& system, ProcessId pid,
                    std::shared_ptr<FakeFamilies::Process> process)
      : system_(&system), pid_(pid), process_(std::move(process)) {}

  void read_further(FurtherReadings& more) const noexcept {
    if (process_->tells_io) {
      set(more, further_slot<figures>("io_read_bytes"), process_->read_bytes);
    } else {
      more.refuse(further_group<figures>("io"), std::errc::permission_denied);
    }
    set(more, further_slot<figures>("major_faults"), process_->faults);
    set(more, further_slot<figures>("voluntary_switches"), process_->switches);
    set(more, further_slot<figures>("memory_peak"), process_->peak);
    set(more, further_slot<figures>("memory_pss"), process_->pss);
    if (!process_->pss) more.awaited |= more.asked & further_group<figures>("pss");
  }

  static void set(FurtherReadings& more, std::size_t slot, Figure<std::uint64_t> value) noexcept {
    if (more.asks_for(slot) && value) more.set(slot, *value);
  }

  [[nodiscard]] bool exists() const noexcept {
    const auto found = system_->processes.find(pid_);
    return found != system_->processes.end() && found->second == process_;
  }

  FakeFamilies* system_;
  ProcessId pid_;
  std::shared_ptr<FakeFamilies::Process> process_;
};

}  // namespace provisr::test
