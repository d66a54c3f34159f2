#pragma once

#include "daemon/api/own_figures.hpp"
#include "daemon/api/scrapes.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"
#include "daemon/http/router.hpp"

#include <provisr/counters.hpp>
#include <provisr/prometheus_writer.hpp>

#include <string>

namespace provisr::daemon {

/// The Prometheus endpoint: families of the library and of the daemon itself. Thread-safe.
class Exposition {
 public:
  /// If collection is disabled, leaves out the families of figures and asks the supervisor which
  /// processes run.
  explicit Exposition(Sources sources);

  /// Adds "/metrics". The exposition must outlive the router.
  void add_routes(Router& router);

 private:
  [[nodiscard]] HttpAnswer answer(const HttpRequest& request);
  void write(const FreshCounters& counters, ExpositionFormat format, std::string& text);
  void write_presence(PrometheusWriter& writer) const;
  void write_processes(PrometheusWriter& writer) const;
  void write_exits(PrometheusWriter& writer) const;
  void write_limits(PrometheusWriter& writer) const;
  void write_ticks(PrometheusWriter& writer, const FreshCounters& counters) const;
  void write_read_errors(PrometheusWriter& writer) const;
  void write_daemon(PrometheusWriter& writer) const;
  void write_servers(PrometheusWriter& writer) const;

  Sources sources_;
  OwnFigures own_figures_;  ///< used by the thread of scrapes_ only
  Scrapes scrapes_;         ///< last, because its thread uses the other members
};

}  // namespace provisr::daemon
