#pragma once

#include "daemon/http/answer.hpp"
#include "daemon/http/request.hpp"
#include "daemon/http/request_reader.hpp"

#include <functional>
#include <memory>
#include <string>

namespace provisr::daemon {

/// How a client finds the end of a body.
enum class Framing { length, chunks, close };

/// An answer and how it is to be sent.
struct HttpReply {
  HttpAnswer answer;
  Framing framing = Framing::length;
  bool keeps_alive = false;
  std::string head;  ///< the status line and the header, with the empty line
};

/// Checks targets and formats heads with cpp-httplib, whose server runs here on text instead of a
/// socket. It is handed no header field, as it would act on several of them (Range, Expect,
/// Connection), and no body, so that clients go on sharing one.
///
/// Thread safety: none.
class HttpEngine {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  HttpEngine();
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  /// What the handler answers, or an error that closes the connection if cpp-httplib refuses the
  /// request. Lets exceptions of the handler through.
  [[nodiscard]] HttpReply reply(FramedRequest request, const Handler& handler);

  /// An answer whose request was read before.
  [[nodiscard]] HttpReply reply_with(HttpAnswer answer, bool keeps_alive, bool is_http_1_0);

  /// An answer behind which the connection is closed.
  [[nodiscard]] HttpReply last_reply(HttpAnswer answer);

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace provisr::daemon
