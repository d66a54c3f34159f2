#include "bench/support/prometheus_cpp_text.hpp"

#include <provisr/process_name.hpp>

#include <prometheus/client_metric.h>
#include <prometheus/metric_type.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace provisr::bench {
namespace {

template <class Figure>
[[nodiscard]] prometheus::MetricFamily family(const Snapshot& snapshot, const char* name,
                                              const char* help, Figure figure_of) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  for (const Snapshot::Process process : snapshot) {
    prometheus::ClientMetric metric;
    metric.label.push_back({"name", std::string(process.name())});
    metric.gauge.value = static_cast<double>(figure_of(process));
    family.metric.push_back(std::move(metric));
  }
  return family;
}

}  // namespace

PrometheusCppText::PrometheusCppText(const Snapshot& snapshot) {
  using Process = Snapshot::Process;
  families_ = {
      family(snapshot, "provisr_process_cpu_percent", "CPU usage percentage for managed processes.",
             [](const Process& p) { return *p.metrics().cpu_percent; }),
      family(snapshot, "provisr_process_memory_mb", "Memory usage in MB for managed processes.",
             [](const Process& p) { return *p.metrics().memory_mb(); }),
      family(snapshot, "provisr_process_num_threads", "Number of threads for managed processes.",
             [](const Process& p) { return *p.metrics().num_threads; }),
      family(snapshot, "provisr_process_num_fds",
             "Number of file descriptors for managed processes.",
             [](const Process& p) { return *p.metrics().num_fds; }),
      family(snapshot, "provisr_process_resident_memory_bytes", "Resident memory.",
             [](const Process& p) { return *p.metrics().memory_rss_bytes; }),
      family(snapshot, "provisr_process_virtual_memory_bytes", "Virtual memory size.",
             [](const Process& p) { return *p.metrics().memory_vms_bytes; }),
      family(snapshot, "provisr_process_swap_bytes", "Memory swapped out.",
             [](const Process& p) { return *p.metrics().memory_swap_bytes; }),
      family(snapshot, "provisr_process_cpu_seconds_total",
             "CPU time used since the process started.",
             [](const Process& p) { return static_cast<double>(*p.metrics().cpu_time_ns) / 1e9; }),
      family(snapshot, "provisr_process_up", "Whether the managed process runs (1) or not (0).",
             [](const Process& p) { return p.running() ? 1 : 0; }),
      family(snapshot, "provisr_process_info", "1, with the base of the managed process.",
             [](const Process&) { return 1; })};
  for (prometheus::ClientMetric& metric : families_.back().metric) {
    metric.label.push_back({"base", std::string(base_of(metric.label.front().value))});
  }
}

std::string PrometheusCppText::serialize() const {
  return prometheus::TextSerializer().Serialize(families_);
}

}  // namespace provisr::bench
