#include "daemon/api/exposition.hpp"

#include "daemon/base/version.hpp"

#include <provisr/prometheus.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace provisr::daemon {

Exposition::Exposition(Sources sources)
    : sources_(std::move(sources)),
      text_of_tick_(
          [this](const Snapshot& snapshot, std::string& text) { write(snapshot, text); }) {}

void Exposition::add_routes(Router& router) {
  router.add({.method = "GET",
              .path = "/metrics",
              .help = "for Prometheus",
              .parameters = {},
              .handler = [this](const HttpRequest&) {
                return shared_answer(PrometheusWriter::content_type, body());
              }});
}

std::shared_ptr<const std::string> Exposition::body() {
  const Snapshot snapshot = sources_.registry.snapshot();
  if (sources_.is_collecting) return text_of_tick_.of(snapshot);
  // Without ticks the snapshot stays the same, and the daemon's own figures do not.
  std::string text;
  write(snapshot, text);
  return std::make_shared<const std::string>(std::move(text));
}

void Exposition::write(const Snapshot& snapshot, std::string& text) const {
  if (sources_.is_collecting) write_prometheus(snapshot, text);
  PrometheusWriter writer(text);
  writer.family("provisr_process_restarts_total", "counter",
                "How often provisrd has started the managed process again.");
  const SharedStatusList processes = sources_.status();
  for (const auto& process : *processes) {
    if (process->kind != ProcessKind::child) continue;
    writer.sample_of_process(process->name, process->restarts);
  }
  writer.family("provisr_ticks_total", "counter", "Rounds of the collector over all processes.");
  writer.sample({}, snapshot.tick());
  const std::chrono::duration<double> duration = sources_.ticks.last_duration();
  writer.family("provisr_tick_duration_seconds", "gauge", "How long the last tick took.");
  writer.sample({}, duration.count());
  writer.family("provisr_ticks_late_total", "counter",
                "Ticks that began more than half an interval late or after skipped ones.");
  writer.sample({}, sources_.ticks.late());
  writer.family("provisr_build_info", "gauge", "1, with the version of provisrd.");
  writer.sample({{"version", provisrd_version}}, 1);
}

}  // namespace provisr::daemon
