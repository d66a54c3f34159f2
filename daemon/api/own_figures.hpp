#pragma once

#include <provisr/process_metrics.hpp>
#include <provisr/prometheus_writer.hpp>
#include <provisr/sampler.hpp>

#include <memory>
#include <optional>

namespace provisr::daemon {

/// The nine families process_* that Prometheus asks of every program, about this one
/// (prometheus.io/docs/instrumenting/writing_clientlibs). What the system does not tell has no
/// sample. Not thread-safe.
class OwnFigures {
 public:
  void write(PrometheusWriter& writer, Timestamp started_at);

 private:
  [[nodiscard]] ProcessReading read();

  /// Those of a registry must not be used beside its ticks.
  std::unique_ptr<SamplingContext> context_;
  std::optional<ProcessSampler> sampler_;
};

}  // namespace provisr::daemon
