#pragma once

#include "daemon/http_server.hpp"
#include "daemon/rendered_text.hpp"
#include "daemon/supervisor.hpp"

#include <provisr/registry.hpp>

#include <functional>
#include <vector>

namespace provisr::daemon {

/// The Prometheus endpoint: the families of the library, and those about the daemon itself.
/// Thread-safe.
class Exposition {
 public:
  Exposition(const Registry& registry, std::function<std::vector<ProcessStatus>()> status);

  /// Adds "/metrics", and "/" which points to it. The exposition must outlive the server.
  void add_routes(HttpServer& server);

 private:
  void write(const Snapshot& snapshot, std::string& text) const;

  const Registry& registry_;
  std::function<std::vector<ProcessStatus>()> status_;
  RenderedText text_;
};

}  // namespace provisr::daemon
