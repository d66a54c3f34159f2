#include "daemon/exposition.hpp"

#include "daemon/version.hpp"

#include <provisr/prometheus.hpp>

#include <memory>
#include <string>
#include <utility>

namespace provisr::daemon {

Exposition::Exposition(const Registry& registry, std::function<std::vector<ProcessStatus>()> status)
    : registry_(registry),
      status_(std::move(status)),
      text_([this](const Snapshot& snapshot, std::string& text) { write(snapshot, text); }) {}

void Exposition::add_routes(HttpServer& server) {
  server.add_route("/metrics", [this](const HttpQuery&) -> HttpAnswer {
    return {.status = 200,
            .content_type = std::string(PrometheusWriter::content_type),
            .body = text_.of(registry_.snapshot())};
  });
  server.add_route("/", [](const HttpQuery&) -> HttpAnswer {
    return {
        .status = 200,
        .content_type = "text/plain; charset=utf-8",
        .body = std::make_shared<const std::string>("provisrd\n\nGET /metrics   for Prometheus\n")};
  });
}

void Exposition::write(const Snapshot& snapshot, std::string& text) const {
  write_prometheus(snapshot, text);
  PrometheusWriter writer(text);
  writer.family("provisr_process_restarts_total", "counter",
                "How often provisrd has started the managed process again.");
  for (const ProcessStatus& process : status_()) {
    if (process.kind == ProcessKind::child)
      writer.sample_of_process(process.name, process.restarts);
  }
  writer.family("provisr_ticks_total", "counter", "Rounds of the collector over all processes.");
  writer.sample({}, snapshot.tick());
  writer.family("provisr_build_info", "gauge", "1, with the version of provisrd.");
  writer.sample({{"version", version}}, 1);
}

}  // namespace provisr::daemon
