#pragma once

#include "daemon/api/rendered_text.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/http/router.hpp"

#include <provisr/prometheus.hpp>
#include <provisr/snapshot.hpp>

#include <string>

namespace provisr::daemon {

/// The Prometheus endpoint: the families of the library, and those about the daemon itself.
/// Thread-safe.
class Exposition {
 public:
  /// Without collection, the families of the library are left out: a process that is not looked at
  /// must not be shown as down.
  explicit Exposition(Sources sources);

  /// Adds "/metrics". The exposition must outlive the router.
  void add_routes(Router& router);

 private:
  void write(const Snapshot& snapshot, std::string& text) const;
  void write_processes(PrometheusWriter& writer) const;
  void write_exits(PrometheusWriter& writer) const;
  void write_limits(PrometheusWriter& writer) const;
  void write_ticks(PrometheusWriter& writer, const Snapshot& snapshot) const;
  void write_daemon(PrometheusWriter& writer) const;
  void write_servers(PrometheusWriter& writer) const;

  Sources sources_;
  RenderedText text_;
};

}  // namespace provisr::daemon
