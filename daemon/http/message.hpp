#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {

/// The query of a GET request.
class HttpQuery {
 public:
  HttpQuery() = default;
  explicit HttpQuery(std::map<std::string, std::string, std::less<>> parameters)
      : parameters_(std::move(parameters)) {}

  /// A parameter's decoded value; the first where it was given more than once.
  [[nodiscard]] std::optional<std::string> find(std::string_view name) const {
    const auto found = parameters_.find(name);
    if (found == parameters_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, std::string, std::less<>> parameters_;
};

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;  ///< shared, so that a rendered text is never copied
};

using HttpHandler = std::function<HttpAnswer(const HttpQuery&)>;

/// Status 200 with a JSON text.
[[nodiscard]] HttpAnswer json_answer(std::string text);

/// `{"error": text}` with a status.
[[nodiscard]] HttpAnswer error_answer(int status, std::string_view text);

}  // namespace provisr::daemon
