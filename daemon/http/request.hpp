#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The parameters of a request, decoded.
class HttpQuery {
 public:
  void add(std::string name, std::string value);

  /// The first value of a parameter.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// The fields of a request's header; names in any case.
class HttpHeaders {
 public:
  void add(std::string name, std::string value);

  /// The first value of a field.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// Every value of a field, in the order of the request.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request as handlers see it.
struct HttpRequest {
  std::string method;
  std::string path;  ///< decoded, without the query; may hold any bytes
  std::string host;  ///< what the client calls this server, with its port; may be empty
  HttpQuery query;
  HttpHeaders headers;
};

/// Compares ASCII letters without their case.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace provisr::daemon
