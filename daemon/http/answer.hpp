#pragma once

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The result of a call of an HttpSource.
enum class PullResult {
  piece,  ///< the body continues; `piece` must not be empty
  end,    ///< the body is complete
  later,  ///< nothing now; called again after HttpServer::wake_sources()
};
/// Makes a body while the client takes it: appends the next piece to `piece`. The server's thread
/// calls the source once the client has taken the previous piece.
using HttpSource = std::function<PullResult(std::string& piece)>;

struct HttpAnswer;

/// Completes a deferred answer. Only the first call has an effect. Any thread may call it, even
/// after the client or the server is gone. Does not block.
class HttpCompletion {
 public:
  /// `take` gets the answer. `fail` is called instead if there is none, and ends the connection.
  /// Neither may block or throw.
  template <class Take>
  requires(!std::same_as<std::remove_cvref_t<Take>, HttpCompletion>) HttpCompletion(
      Take&& take, std::function<void()> fail = [] {})
      : take_(std::forward<Take>(take)), fail_(std::move(fail)) {}

  /// Completes with the answer that `make` returns. If `make` throws, as it does if memory is
  /// short, the connection ends.
  template <class Make>
  void operator()(const Make& make) const noexcept {
    try {
      take_(make());
    } catch (const std::exception&) {
      fail_();
    }
  }

 private:
  std::function<void(HttpAnswer)> take_;
  std::function<void()> fail_;
};

/// An answer that is completed later. No thread waits for it.
struct HttpDeferral {
  /// Called once on the server's thread, but not if too many answers are pending. Must not block.
  std::function<void(HttpCompletion)> begin;
  std::chrono::milliseconds time_limit{};  ///< after it, the client gets 504 with `late_text`
  std::string late_text;                   ///< one sentence
};

struct HttpAnswer {
  int status = 200;
  std::string content_type;
  std::shared_ptr<const std::string> body;  ///< shared, so that clients need no copies
  HttpSource source;                        ///< if set, makes the body in place of `body`
  bool is_endless = false;                  ///< the source has no end of its own
  std::string idle_piece;  ///< sent if the source has nothing for HttpLimits::source_idle
  HttpDeferral deferral;   ///< if its `begin` is set, the answer is completed later
  std::vector<std::pair<std::string, std::string>> headers;  ///< added to those of every answer
};

/// Returns status 200 with a text that other answers may share.
[[nodiscard]] HttpAnswer shared_answer(std::string_view content_type,
                                       std::shared_ptr<const std::string> body);

/// Returns status 200 with a body that is made while the client takes it.
[[nodiscard]] HttpAnswer streamed_answer(std::string_view content_type, HttpSource source);

/// Returns an answer that the deferral supplies later.
[[nodiscard]] HttpAnswer deferred_answer(HttpDeferral deferral);

/// Returns status 200 with a JSON text.
[[nodiscard]] HttpAnswer json_answer(std::string text);

/// Returns status 200 with a plain UTF-8 text.
[[nodiscard]] HttpAnswer text_answer(std::string text);

/// Returns `{"error": text}` with a status. Replaces bytes of `text` that are not UTF-8.
[[nodiscard]] HttpAnswer error_answer(int status, std::string_view text);

}  // namespace provisr::daemon
