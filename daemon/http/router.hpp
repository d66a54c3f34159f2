#pragma once

#include "daemon/http/access.hpp"
#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

using HttpHandler = std::function<HttpAnswer(const HttpRequest&)>;

/// Refuses a client what it may not do; empty: it may.
using AccessCheck = std::function<std::optional<HttpAnswer>(Access)>;

enum class Presence { optional, required };

struct RouteParameter {
  std::string name;
  std::string placeholder;  ///< what stands for a value in the index: "NAME"
  Presence presence;
};

/// What is served at one path for one method. A GET route serves HEAD, too.
struct Route {
  std::string method;
  std::string path;
  std::string help;  ///< a few words for the index
  std::vector<RouteParameter> parameters;
  HttpHandler handler;
  Access access = Access::read;  ///< of a GET route; any other is control
  bool is_listed = true;         ///< in the index
  /// What a client gets that may not have the route; if empty, the refusal as it is.
  std::function<HttpAnswer(const HttpRequest&, HttpAnswer refusal)> when_refused = {};
};

/// Finds the handler of a request. Without a route for "/", an index of all routes is there.
///
/// Thread safety: routes are added first; then all const members may be called concurrently.
class Router {
 public:
  /// Replaces a route of the same method and path.
  void add(Route route);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  /// The handler's answer; or 404, 405 with Allow, what `check` refuses with, 400 if a parameter of
  /// the route is there more than once, 500 if the handler throws std::exception. Without a check,
  /// every request is allowed. "*" is a path that has the methods of all.
  [[nodiscard]] HttpAnswer answer(const HttpRequest& request, const AccessCheck& check = {}) const;

  /// One line a route, as plain text.
  [[nodiscard]] std::string index() const;

 private:
  [[nodiscard]] const Route* find(std::string_view method, std::string_view path) const;
  [[nodiscard]] std::vector<std::string> methods_of(std::string_view path) const;
  [[nodiscard]] HttpAnswer answer_without_route(const HttpRequest& request,
                                                const AccessCheck& check) const;

  std::vector<Route> routes_;
};

}  // namespace provisr::daemon
