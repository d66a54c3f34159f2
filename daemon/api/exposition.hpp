#pragma once

#include "daemon/api/rendered_text.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/http/router.hpp"

#include <provisr/snapshot.hpp>

#include <memory>
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
  [[nodiscard]] std::shared_ptr<const std::string> body();
  void write(const Snapshot& snapshot, std::string& text) const;

  Sources sources_;
  RenderedText text_of_tick_;
};

}  // namespace provisr::daemon
