#include "daemon/api/own_figures.hpp"

#include "daemon/platform/descriptor_limit.hpp"
#include "daemon/platform/own_process.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace provisr::daemon {
namespace {

void write_one(PrometheusWriter& writer, std::string_view name, std::string_view type,
               std::string_view help, const auto& value) {
  writer.family(name, type, help);
  if (value) writer.sample({}, *value);
}

[[nodiscard]] std::optional<std::chrono::nanoseconds> cpu_time(const ProcessReading& reading) {
  if (!reading.cpu_time_ns) return std::nullopt;
  return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(*reading.cpu_time_ns));
}

}  // namespace

/// Returns an empty reading if the sampler's PIDs differ from those of system calls.
ProcessReading OwnFigures::read() {
  ProcessReading reading;
  if (!context_) {
    context_ = std::make_unique<SamplingContext>();
    std::error_code error;
    if (context_->has_own_pids()) {
      sampler_ = ProcessSampler::open(*context_, own_process_id(), error);
    }
  }
  context_->begin_tick();
  if (sampler_) static_cast<void>(sampler_->read(reading));
  return reading;
}

void OwnFigures::write(PrometheusWriter& writer, Timestamp started_at) {
  const ProcessReading reading = read();
  write_one(writer, "process_cpu_seconds_total", "counter",
            "Total user and system CPU time spent in seconds.", cpu_time(reading));
  write_one(writer, "process_open_fds", "gauge", "Number of open file descriptors.",
            reading.num_fds);
  write_one(writer, "process_max_fds", "gauge", "Maximum number of open file descriptors.",
            descriptor_limit());
  write_one(writer, "process_virtual_memory_bytes", "gauge", "Virtual memory size in bytes.",
            reading.memory_vms_bytes);
  write_one(writer, "process_virtual_memory_max_bytes", "gauge",
            "Maximum amount of virtual memory available in bytes.", own_virtual_memory_limit());
  write_one(writer, "process_resident_memory_bytes", "gauge", "Resident memory size in bytes.",
            reading.memory_rss_bytes);
  write_one(writer, "process_heap_bytes", "gauge", "Process heap size in bytes.", own_heap_bytes());
  write_one(writer, "process_start_time_seconds", "gauge",
            "Start time of the process since unix epoch in seconds.",
            std::optional(started_at.time_since_epoch()));
  write_one(writer, "process_threads", "gauge", "Number of OS threads in the process.",
            reading.num_threads);
}

}  // namespace provisr::daemon
