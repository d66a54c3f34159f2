#pragma once

#include <provisr/process_metrics.hpp>

#include <chrono>
#include <cstdint>

namespace provisr::test {

/// Returns a sample whose fields all follow from one number, so that a torn sample can be detected.
[[nodiscard]] inline ProcessMetrics indexed_sample(std::uint64_t index) {
  ProcessMetrics sample;
  sample.timestamp = Timestamp(std::chrono::nanoseconds(static_cast<std::int64_t>(index)));
  sample.pid = static_cast<ProcessId>(index * 3);
  sample.cpu_percent = static_cast<double>(index) * 0.5;
  sample.cpu_time_ns = index * 5;
  sample.memory_rss_bytes = index * 7;
  sample.memory_vms_bytes = index * 11;
  sample.memory_swap_bytes = index * 13;
  sample.num_processes = static_cast<std::uint32_t>(index * 23);
  sample.num_threads = static_cast<std::uint32_t>(index * 17);
  sample.num_fds = static_cast<std::uint32_t>(index * 19);
  return sample;
}

[[nodiscard]] inline std::uint64_t index_of(const ProcessMetrics& sample) {
  return static_cast<std::uint64_t>(sample.timestamp.time_since_epoch().count());
}

[[nodiscard]] inline bool is_whole(const ProcessMetrics& sample) {
  return sample == indexed_sample(index_of(sample));
}

}  // namespace provisr::test
