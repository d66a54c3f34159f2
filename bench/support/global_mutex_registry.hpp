#pragma once

#include <provisr/aggregator.hpp>
#include <provisr/cpu_rate.hpp>
#include <provisr/process_metrics.hpp>
#include <provisr/process_name.hpp>
#include <provisr/registry.hpp>
#include <provisr/sampler.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::bench {

/// The obvious first implementation of a registry: one map behind one mutex. It does the same work
/// as BasicRegistry with the same sampler and has the same queries.
template <class Sampler>
class GlobalMutexRegistry {
 public:
  explicit GlobalMutexRegistry(std::size_t max_history,
                               typename Sampler::Context context = typename Sampler::Context())
      : max_history_(max_history), context_(std::move(context)) {}

  void track(std::string_view name, ProcessId pid) {
    const std::lock_guard lock(mutex_);
    std::error_code error;
    auto sampler = Sampler::open(context_, pid, error);
    if (sampler) processes_.emplace(name, Process{std::move(*sampler), pid, {}, {}, {}});
  }

  void tick() {
    const std::lock_guard lock(mutex_);
    context_.begin_tick();
    const Timestamp timestamp = Clock::system().utc_now();
    for (auto& [name, process] : processes_) sample(process, timestamp);
  }

  [[nodiscard]] std::optional<ProcessMetrics> latest(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = processes_.find(name);
    if (found == processes_.end()) return std::nullopt;
    return found->second.latest;
  }

  [[nodiscard]] std::optional<std::vector<ProcessMetrics>> history(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = processes_.find(name);
    if (found == processes_.end()) return std::nullopt;
    const std::deque<ProcessMetrics>& samples = found->second.history;
    return std::vector<ProcessMetrics>(samples.begin(), samples.end());
  }

  [[nodiscard]] std::optional<GroupTotals> group(std::string_view base) const {
    const std::lock_guard lock(mutex_);
    GroupTotals totals;
    KnownSum cpu;
    KnownSum memory;
    for (auto it = processes_.lower_bound(base);
         it != processes_.end() && it->first.starts_with(base); ++it) {
      if (!is_instance_of(it->first, base)) continue;
      ++totals.process_count;
      cpu.add(it->second.latest.cpu_percent);
      memory.add(it->second.latest.memory_rss_bytes);
    }
    if (totals.process_count == 0) return std::nullopt;
    totals.total_cpu_percent = cpu.total(totals.process_count);
    totals.total_memory_bytes = memory.total(totals.process_count);
    totals.avg_cpu_percent = cpu.average();
    totals.avg_memory_bytes = memory.average();
    return totals;
  }

 private:
  struct Process {
    Sampler sampler;
    ProcessId pid;
    CpuReading last_cpu;
    ProcessMetrics latest;
    std::deque<ProcessMetrics> history;
  };

  void sample(Process& process, Timestamp timestamp) {
    ProcessReading reading;
    const MonotonicTime taken_at = Clock::system().monotonic_now();
    if (process.sampler.read(reading) == ReadStatus::vanished) return;
    const CpuReading cpu{reading.cpu_time_ns, taken_at};
    process.latest = {.timestamp = timestamp,
                      .pid = process.pid,
                      .num_processes = {},
                      .cpu_percent = cpu_percent(process.last_cpu, cpu),
                      .cpu_time_ns = reading.cpu_time_ns,
                      .memory_rss_bytes = reading.memory_rss_bytes,
                      .memory_vms_bytes = reading.memory_vms_bytes,
                      .memory_swap_bytes = reading.memory_swap_bytes,
                      .num_threads = reading.num_threads,
                      .num_fds = reading.num_fds};
    process.last_cpu = cpu;
    if (process.history.size() == max_history_) process.history.pop_front();
    process.history.push_back(process.latest);
  }

  std::size_t max_history_;
  typename Sampler::Context context_;
  mutable std::mutex mutex_;
  std::map<std::string, Process, std::less<>> processes_;
};

}  // namespace provisr::bench
