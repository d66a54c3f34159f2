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

/// Returns the refusal for a client that has no access; empty if the client has access.
using AccessCheck = std::function<std::optional<HttpAnswer>(Access)>;

enum class Presence { optional, required };

struct RouteParameter {
  std::string name;
  std::string placeholder;  ///< stands for a value in the index: "NAME"
  Presence presence;
};

/// What is served at one path for one method. A GET route also serves HEAD.
struct Route {
  std::string method;
  std::string path;
  std::string help;  ///< a few words for the index
  std::vector<RouteParameter> parameters;
  HttpHandler handler;
  Access access = Access::read;  ///< of a GET route; other routes need control
  bool is_listed = true;         ///< in the index
  /// Answers a client that has no access; if empty, the client gets the refusal itself.
  std::function<HttpAnswer(const HttpRequest&, HttpAnswer refusal)> when_refused = {};
};

/// The routes of a server, and the choice of the route that answers a request. If no route has the
/// path "/", an index of all routes is there.
///
/// Thread safety: all routes must be added first; then const members may be called concurrently.
class Router {
 public:
  /// Adds a route; replaces one with the same method and path.
  void add(Route route);
  [[nodiscard]] const std::vector<Route>& routes() const { return routes_; }

  /// Returns the handler's answer; or 404, 405 with Allow, the refusal of `check`, 400 if a
  /// parameter of the route occurs more than once, or 500 if the handler throws std::exception.
  /// Without `check`, every request has access. The path "*" has the methods of all routes.
  [[nodiscard]] HttpAnswer answer(const HttpRequest& request, const AccessCheck& check = {}) const;

  /// Returns one line for each route, as plain text.
  [[nodiscard]] std::string index() const;

 private:
  [[nodiscard]] const Route* find(std::string_view method, std::string_view path) const;
  [[nodiscard]] std::vector<std::string> methods_of(std::string_view path) const;
  [[nodiscard]] HttpAnswer answer_without_route(const HttpRequest& request,
                                                const AccessCheck& check) const;

  std::vector<Route> routes_;
};

}  // namespace provisr::daemon
