#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The decoded parameters of a request.
class HttpQuery {
 public:
  void add(std::string name, std::string value);

  /// Returns the first value of a parameter.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
};

/// The fields of a request's header. Names are not case-sensitive.
class HttpHeaders {
 public:
  void add(std::string name, std::string value);

  /// Returns the first value of a field.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  /// Returns all values of a field, in the order of the request.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request as handlers see it.
struct HttpRequest {
  std::string method;
  std::string path;  ///< decoded, without the query; may hold any bytes
  std::string host;  ///< this server's name in the request, with port; may be empty
  HttpQuery query;
  HttpHeaders headers;
};

/// Optional white space in fields (RFC 9110, 5.6.3).
inline constexpr std::string_view http_blanks = " \t";

/// Compares texts, ignoring the case of ASCII letters.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace provisr::daemon
