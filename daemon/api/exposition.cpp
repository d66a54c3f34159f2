#include "daemon/api/exposition.hpp"

#include "daemon/api/scrape_format.hpp"
#include "daemon/base/version.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/read_errors.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {
namespace {

/// The default scrape timeout of Prometheus.
constexpr std::chrono::seconds max_patience{10};

[[nodiscard]] HttpAnswer answer_with(const ScrapeFormat& format, Scrapes::Text text) {
  if (text == nullptr) return error_answer(500, "the metrics could not be written");
  HttpAnswer answer = shared_answer(format.content_type, std::move(text));
  answer.headers.emplace_back("Vary", "Accept, Accept-Encoding");
  if (format.is_gzipped) answer.headers.emplace_back("Content-Encoding", "gzip");
  return answer;
}

}  // namespace

Exposition::Exposition(Sources sources)
    : sources_(std::move(sources)),
      scrapes_({.revision = [this] { return sources_.registry.snapshot().revision(); },
                .read = [this] { return sources_.registry.read_counters(); },
                .write = [this](const FreshCounters& counters, ExpositionFormat format,
                                std::string& text) { write(counters, format, text); }}) {}

void Exposition::add_routes(Router& router) {
  router.add({.method = "GET",
              .path = "/metrics",
              .help = "for Prometheus",
              .parameters = {},
              .handler = [this](const HttpRequest& request) { return answer(request); }});
}

/// If the text is not ready, another thread makes it, so that this one can serve other clients.
HttpAnswer Exposition::answer(const HttpRequest& request) {
  const ScrapeFormat format = negotiate_scrape(request.headers);
  const Scrapes::Variant variant{format.format, format.is_gzipped};
  if (auto text = scrapes_.fresh(variant)) return answer_with(format, std::move(text));
  scrapes_.start();
  return deferred_answer({.begin =
                              [this, format, variant](HttpCompletion complete) {
                                scrapes_.request(variant, [format, complete = std::move(complete)](
                                                              Scrapes::Text text) {
                                  complete([&] { return answer_with(format, std::move(text)); });
                                });
                              },
                          .time_limit = max_patience,
                          .late_text = "the figures could not be read in time"});
}

void Exposition::write(const FreshCounters& counters, ExpositionFormat format, std::string& text) {
  PrometheusWriter writer(text, format);
  if (sources_.is_collecting) {
    write_process_families(writer, counters);
  } else {
    write_presence(writer);
  }
  write_processes(writer);
  write_exits(writer);
  write_limits(writer);
  write_ticks(writer, counters);
  write_read_errors(writer);
  write_daemon(writer);
  write_servers(writer);
  own_figures_.write(writer, sources_.started_at);
  writer.end();
}

/// Used without collection: there are no ticks, and only the supervisor knows which processes run.
void Exposition::write_presence(PrometheusWriter& writer) const {
  const SharedStatusList processes = sources_.status();
  write_presence_families(writer, [&](auto visit) {
    for (const auto& process : *processes) visit(process->name, process->pid.has_value());
  });
}

void Exposition::write_processes(PrometheusWriter& writer) const {
  writer.family("provisr_process_restarts_total", "counter",
                "How often provisrd has started the managed process again.");
  const SharedStatusList processes = sources_.status();
  for (const auto& process : *processes) {
    if (process->kind != ProcessKind::child) continue;
    writer.sample_of_process(process->name, process->restarts);
  }
  writer.family("provisr_process_start_time_seconds", "gauge",
                "When the managed process that runs was started, since 1970.");
  for (const auto& process : *processes) {
    if (!process->started) continue;
    writer.sample_of_process(process->name, process->started->at.time_since_epoch());
  }
}

void Exposition::write_exits(PrometheusWriter& writer) const {
  writer.family("provisr_process_exits_total", "counter",
                "How often processes of the name have ended, by how.");
  auto counts = sources_.exits.counts();
  const SharedStatusList processes = sources_.status();
  for (const auto& process : *processes) counts.try_emplace(process->name);  // each starts at 0
  for (const auto& ends : counts) {
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

void Exposition::write_ticks(PrometheusWriter& writer, const FreshCounters& counters) const {
  writer.family("provisr_ticks_total", "counter", "Rounds of the collector over all processes.");
  writer.sample({}, counters.snapshot().tick());
  writer.family("provisr_tick_duration_seconds", "gauge", "How long the last tick took.");
  writer.sample({}, sources_.ticks.last_duration());
  writer.family("provisr_ticks_late_total", "counter",
                "Ticks that began more than half an interval late or after skipped ones.");
  writer.sample({}, sources_.ticks.late());
}

void Exposition::write_read_errors(PrometheusWriter& writer) const {
  writer.family("provisr_read_errors_total", "counter",
                "Processes of which something could not be read at a tick, by kind.");
  for (std::size_t number = 0; number < read_error_kind_count; ++number) {
    const auto kind = static_cast<ReadErrorKind>(number);
    writer.sample({{"kind", to_text(kind)}}, sources_.registry.read_errors().of(kind));
  }
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
