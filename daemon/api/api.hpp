#pragma once

#include "daemon/api/rendered_text.hpp"
#include "daemon/api/sources.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/http/access.hpp"
#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"
#include "daemon/http/router.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// The JSON API: answers requests, or explains why it cannot. Thread-safe.
class Api {
 public:
  /// Returns what a client needs to control provisrd here.
  using ControlTermsHere = std::function<ControlTerms()>;

  /// If collection is disabled, routes that need it answer 503. The status includes `control()`.
  explicit Api(Sources sources, ControlTermsHere control = {});

  /// Adds the routes below `base_path`. The API must outlive the router.
  void add_routes(Router& router, const std::string& base_path);

  /// Returns the queue of answers that need much memory. Those who wait for their turn need a
  /// Turns::Waker.
  [[nodiscard]] const std::shared_ptr<Turns>& turns() const { return turns_; }

 private:
  [[nodiscard]] HttpAnswer metrics(const HttpQuery& query);
  [[nodiscard]] HttpAnswer history(const HttpQuery& query);
  [[nodiscard]] HttpAnswer group(const HttpQuery& query);
  [[nodiscard]] HttpAnswer group_history(const HttpQuery& query);
  [[nodiscard]] HttpAnswer summary(const HttpQuery& query);
  [[nodiscard]] HttpAnswer status(const HttpQuery& query);
  [[nodiscard]] HttpAnswer exits(const HttpQuery& query);
  [[nodiscard]] HttpAnswer sample(std::string_view name) const;
  void require_collection() const;

  Sources sources_;
  ControlTermsHere control_;
  RenderedText all_metrics_;
  std::shared_ptr<Turns> turns_ = std::make_shared<Turns>();
};

}  // namespace provisr::daemon
