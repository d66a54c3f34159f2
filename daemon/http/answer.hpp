#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// A body that is made while the client takes it. Called on the server's thread: appends the next
/// piece to its argument. A piece is asked for once the client has taken the one before.
enum class Pulled {
  piece,  ///< there may be more
  end,    ///< that was all
  later,  ///< nothing now: asked again after HttpServer::wake_sources()
};
using HttpSource = std::function<Pulled(std::string& piece)>;

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;  ///< shared, so that clients get it without a copy
  HttpSource source;                        ///< if set, sent in place of `body`
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside those of every answer
};

/// Status 200 with a text that other answers may share.
[[nodiscard]] HttpAnswer shared_answer(std::string_view content_type,
                                       std::shared_ptr<const std::string> body);

/// Status 200 with a body that is made while the client takes it.
[[nodiscard]] HttpAnswer streamed_answer(std::string_view content_type, HttpSource source);

/// Status 200 with a JSON text.
[[nodiscard]] HttpAnswer json_answer(std::string text);

/// Status 200 with a plain UTF-8 text.
[[nodiscard]] HttpAnswer text_answer(std::string text);

/// `{"error": text}` with a status. Bytes of `text` that are not UTF-8 are replaced.
[[nodiscard]] HttpAnswer error_answer(int status, std::string_view text);

}  // namespace provisr::daemon
