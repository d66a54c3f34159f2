#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;  ///< shared, so that clients get it without a copy
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside those of every answer
};

/// Status 200 with a JSON text.
[[nodiscard]] HttpAnswer json_answer(std::string text);

/// Status 200 with a plain UTF-8 text.
[[nodiscard]] HttpAnswer text_answer(std::string text);

/// `{"error": text}` with a status. Bytes of `text` that are not UTF-8 are replaced.
[[nodiscard]] HttpAnswer error_answer(int status, std::string_view text);

}  // namespace provisr::daemon
