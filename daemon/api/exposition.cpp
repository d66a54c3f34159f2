#include "daemon/api/exposition.hpp"

#include "daemon/base/version.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

/// The daemon's own counters change between ticks, too, and must not be older than this.
constexpr std::chrono::milliseconds max_age{100};

}  // namespace

Exposition::Exposition(Sources sources)
    : sources_(std::move(sources)),
      text_([this](const Snapshot& snapshot, std::string& text) { write(snapshot, text); },
            max_age) {}

void Exposition::add_routes(Router& router) {
  router.add({.method = "GET",
              .path = "/metrics",
              .help = "for Prometheus",
              .parameters = {},
              .handler = [this](const HttpRequest&) {
                return shared_answer(PrometheusWriter::content_type,
                                     text_.of(sources_.registry.snapshot()));
              }});
}

void Exposition::write(const Snapshot& snapshot, std::string& text) const {
  if (sources_.is_collecting) write_prometheus(snapshot, text);
  PrometheusWriter writer(text);
  write_processes(writer);
  write_exits(writer);
  write_limits(writer);
  write_ticks(writer, snapshot);
  write_daemon(writer);
  write_servers(writer);
}

void Exposition::write_processes(PrometheusWriter& writer) const {
  writer.family("provisr_process_restarts_total", "counter",
                "How often provisrd has started the managed process again.");
  const SharedStatusList processes = sources_.status();
  for (const auto& process : *processes) {
    if (process->kind != ProcessKind::child) continue;
    writer.sample_of_process(process->name, process->restarts);
  }
}

void Exposition::write_exits(PrometheusWriter& writer) const {
  writer.family("provisr_process_exits_total", "counter",
                "How often processes of the name have ended, by how.");
  for (const auto& ends : sources_.exits.counts()) {
    const auto write = [&](std::string_view result, std::uint64_t count) {
      writer.sample({{"name", ends.first}, {"result", result}}, count);
    };
    write("success", ends.second.success);
    write("exit-code", ends.second.exit_code);
    write("signal", ends.second.signal);
  }
}

void Exposition::write_limits(PrometheusWriter& writer) const {
  writer.family("provisr_process_limit_breaches_total", "counter",
                "How often processes of the name have been over a limit for too long.");
  const LimitReport report = sources_.limits();
  for (const LimitBreachCount& breaches : *report.counts) {
    writer.sample({{"name", breaches.name}, {"limit", to_text(breaches.figure)}}, breaches.count);
  }
}

void Exposition::write_ticks(PrometheusWriter& writer, const Snapshot& snapshot) const {
  writer.family("provisr_ticks_total", "counter", "Rounds of the collector over all processes.");
  writer.sample({}, snapshot.tick());
  const std::chrono::duration<double> duration = sources_.ticks.last_duration();
  writer.family("provisr_tick_duration_seconds", "gauge", "How long the last tick took.");
  writer.sample({}, duration.count());
  writer.family("provisr_ticks_late_total", "counter",
                "Ticks that began more than half an interval late or after skipped ones.");
  writer.sample({}, sources_.ticks.late());
}

void Exposition::write_daemon(PrometheusWriter& writer) const {
  writer.family("provisr_log_records_dropped_total", "counter",
                "Log records lost because they could not be written, or not in time.");
  writer.sample({}, sources_.log.dropped());
  writer.family("provisr_build_info", "gauge", "1, with the version of provisrd.");
  writer.sample({{"version", provisrd_version}}, 1);
}

void Exposition::write_servers(PrometheusWriter& writer) const {
  const std::array<std::pair<std::string_view, const HttpMonitor*>, 2> servers{
      {{"api", &sources_.api_server}, {"metrics", &sources_.metrics_server}}};
  writer.family("provisr_http_requests_total", "counter", "HTTP requests by status code.");
  for (const auto& [name, server] : servers) {
    for (const auto& [status, count] : server->answers()) {
      writer.sample({{"server", name}, {"code", std::to_string(status)}}, count);
    }
  }
  writer.family("provisr_http_connections", "gauge", "Open HTTP connections.");
  for (const auto& [name, server] : servers) {
    writer.sample({{"server", name}}, server->connections());
  }
  writer.family("provisr_http_connections_dropped_total", "counter",
                "HTTP connections that provisrd refused or cut off, by reason.");
  for (const auto& [name, server] : servers) {
    for (std::size_t number = 0; number < drop_reason_count; ++number) {
      const auto reason = static_cast<DropReason>(number);
      writer.sample({{"server", name}, {"reason", to_text(reason)}}, server->dropped(reason));
    }
  }
}

}  // namespace provisr::daemon
