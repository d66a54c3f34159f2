#pragma once

#include <chrono>
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

struct HttpAnswer;

/// Completes a deferred answer: the first call counts. It may be called from any thread, whatever
/// has become of the client and of the server, and neither blocks nor throws.
using HttpCompletion = std::function<void(HttpAnswer)>;

/// An answer that is not known yet. No thread waits for it.
struct HttpDeferral {
  /// Called once, on the server's thread, unless too many answers are waited for. Must not block.
  std::function<void(HttpCompletion)> begin;
  std::chrono::milliseconds time_limit{};  ///< then the client gets 504 with `late_text`
  std::string late_text;                   ///< one sentence
};

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;  ///< shared, so that clients get it without a copy
  HttpSource source;                        ///< if set, sent in place of `body`
  std::string idle_piece;  ///< sent while the source has nothing for HttpLimits::source_idle
  HttpDeferral deferral;   ///< if it has a `begin`, all the rest comes later
  std::vector<std::pair<std::string, std::string>> headers;  ///< beside those of every answer
};

/// Status 200 with a text that other answers may share.
[[nodiscard]] HttpAnswer shared_answer(std::string_view content_type,
                                       std::shared_ptr<const std::string> body);

/// Status 200 with a body that is made while the client takes it.
[[nodiscard]] HttpAnswer streamed_answer(std::string_view content_type, HttpSource source);

/// Whatever the deferral completes.
[[nodiscard]] HttpAnswer deferred_answer(HttpDeferral deferral);

/// Status 200 with a JSON text.
[[nodiscard]] HttpAnswer json_answer(std::string text);

/// Status 200 with a plain UTF-8 text.
[[nodiscard]] HttpAnswer text_answer(std::string text);

/// `{"error": text}` with a status. Bytes of `text` that are not UTF-8 are replaced.
[[nodiscard]] HttpAnswer error_answer(int status, std::string_view text);

}  // namespace provisr::daemon
