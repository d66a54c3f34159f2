#include "daemon/http/router.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

namespace provisr::daemon {
namespace {

/// The target of a request for no particular path. Only OPTIONS may use it (RFC 9110, 9.3.7).
constexpr std::string_view whole_server = "*";

/// Serves HEAD as GET; the connection leaves the body out.
[[nodiscard]] std::string_view served_as(std::string_view method) {
  return method == "HEAD" ? "GET" : method;
}

[[nodiscard]] std::string signature(const Route& route) {
  std::string text = fmt::format("{} {}", route.method, route.path);
  char separator = '?';
  for (const RouteParameter& parameter : route.parameters) {
    const bool is_required = parameter.presence == Presence::required;
    text += fmt::format("{}{}{}={}{}", is_required ? "" : "[", separator, parameter.name,
                        parameter.placeholder, is_required ? "" : "]");
    separator = '&';
  }
  return text;
}

[[nodiscard]] HttpAnswer refuse_method(std::string_view method,
                                       const std::vector<std::string>& methods) {
  HttpAnswer answer = error_answer(
      405, fmt::format("{} is not allowed here, only {} {}", method, fmt::join(methods, " and "),
                       methods.size() > 1 ? "are" : "is"));
  std::vector<std::string> allowed = methods;
  const auto get = std::find(allowed.begin(), allowed.end(), "GET");
  if (get != allowed.end()) allowed.insert(get + 1, "HEAD");
  answer.headers.emplace_back("Allow", fmt::format("{}", fmt::join(allowed, ", ")));
  return answer;
}

/// Returns the access that a route needs: other methods than GET may change something.
[[nodiscard]] Access access_of(const Route& route) {
  return route.method == "GET" ? route.access : Access::control;
}

[[nodiscard]] std::optional<HttpAnswer> refusal_by(const AccessCheck& check, Access access) {
  return check ? check(access) : std::nullopt;
}

[[nodiscard]] HttpAnswer answer_by(const Route& route, const HttpRequest& request) {
  for (const RouteParameter& parameter : route.parameters) {
    if (request.query.count(parameter.name) > 1) {
      return error_answer(
          400, fmt::format("the parameter \"{}\" is there more than once", parameter.name));
    }
  }
  try {
    return route.handler(request);
  } catch (const std::exception& failure) {
    return error_answer(500, failure.what());
  }
}

}  // namespace

void Router::add(Route route) {
  std::erase_if(routes_, [&](const Route& existing) {
    return existing.method == route.method && existing.path == route.path;
  });
  routes_.push_back(std::move(route));
}

HttpAnswer Router::answer(const HttpRequest& request, const AccessCheck& check) const {
  const Route* const route = find(served_as(request.method), request.path);
  if (route == nullptr) return answer_without_route(request, check);
  if (auto refusal = refusal_by(check, access_of(*route))) {
    return route->when_refused ? route->when_refused(request, std::move(*refusal))
                               : std::move(*refusal);
  }
  return answer_by(*route, request);
}

HttpAnswer Router::answer_without_route(const HttpRequest& request,
                                        const AccessCheck& check) const {
  std::vector<std::string> methods = methods_of(request.path);
  if (methods.empty() && request.path == "/") {
    if (served_as(request.method) == "GET") {
      auto refusal = refusal_by(check, Access::read);
      return refusal ? std::move(*refusal) : text_answer(index());
    }
    methods = {"GET"};
  }
  if (methods.empty())
    return error_answer(404, fmt::format("there is nothing at {}", request.path));
  return refuse_method(request.method, methods);
}

std::string Router::index() const {
  std::size_t width = 0;
  for (const Route& route : routes_) {
    if (route.is_listed) width = std::max(width, signature(route).size());
  }
  std::string text = "provisrd\n\n";
  for (const Route& route : routes_) {
    if (!route.is_listed) continue;
    text += fmt::format("{:<{}}   {}\n", signature(route), width, route.help);
  }
  return text;
}

const Route* Router::find(std::string_view method, std::string_view path) const {
  const auto found = std::find_if(routes_.begin(), routes_.end(), [&](const Route& route) {
    return route.method == method && route.path == path;
  });
  return found == routes_.end() ? nullptr : &*found;
}

std::vector<std::string> Router::methods_of(std::string_view path) const {
  std::vector<std::string> methods;
  for (const Route& route : routes_) {
    if (path != whole_server && route.path != path) continue;
    if (std::find(methods.begin(), methods.end(), route.method) == methods.end()) {
      methods.push_back(route.method);
    }
  }
  return methods;
}

}  // namespace provisr::daemon
