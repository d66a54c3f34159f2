#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/prometheus_writer.hpp>
#include <provisr/sampler.hpp>

#include <memory>
#include <optional>

namespace provisr::daemon {

/// The nine process_* families that Prometheus expects from every program, for this program
/// (prometheus.io/docs/instrumenting/writing_clientlibs). A figure that the system does not provide
/// has no sample. Not thread-safe.
class OwnFigures {
 public:
  void write(PrometheusWriter& writer, Timestamp started_at);

 private:
  [[nodiscard]] ProcessReading read();

  /// Separate from the registry's, which must not be used concurrently with its ticks.
  std::unique_ptr<SamplingContext> context_;
  std::optional<ProcessSampler> sampler_;
};

}  // namespace provisr::daemon
