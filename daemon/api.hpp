#pragma once

#include "daemon/http_server.hpp"
#include "daemon/rendered_text.hpp"
#include "daemon/supervisor.hpp"

#include <provisr/registry.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The JSON API: finds what a request asks for and says why where it cannot be had. Thread-safe.
class Api {
 public:
  struct Sources {
    const Registry& registry;
    /// False: collection is disabled, and what needs it answers 503.
    bool is_collecting;
    std::function<std::vector<ProcessStatus>()> status;
  };

  explicit Api(Sources sources);

  /// Adds the routes below `base_path`, and "/" which lists them. The API must outlive the server.
  void add_routes(HttpServer& server, const std::string& base_path);

 private:
  [[nodiscard]] HttpAnswer metrics(const HttpQuery& query);
  [[nodiscard]] HttpAnswer history(const HttpQuery& query);
  [[nodiscard]] HttpAnswer group(const HttpQuery& query);
  [[nodiscard]] HttpAnswer status(const HttpQuery& query);
  [[nodiscard]] HttpAnswer sample(std::string_view name) const;
  void require_collection() const;

  Sources sources_;
  RenderedText all_metrics_;
};

}  // namespace provisr::daemon
