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

/// An answer and how it is sent.
struct HttpReply {
  HttpAnswer answer;
  Framing framing = Framing::length;
  bool keeps_alive = false;
  std::string head;  ///< status line and header, with the empty line
};

/// Checks targets and formats heads. It uses the server of cpp-httplib, on text instead
/// of a socket. cpp-httplib gets no header fields, because it would act on some of them (Range,
/// Expect, Connection), and no body, so that clients can share one.
///
/// Thread safety: none.
class HttpEngine {
 public:
  using Handler = std::function<HttpAnswer(const HttpRequest&)>;

  HttpEngine();
  ~HttpEngine();
  HttpEngine(const HttpEngine&) = delete;
  HttpEngine& operator=(const HttpEngine&) = delete;

  /// Returns what the handler answers, or an error that closes the connection if cpp-httplib
  /// refuses the request. Lets exceptions of the handler through.
  [[nodiscard]] HttpReply reply(FramedRequest request, const Handler& handler);

  /// Returns the reply for an answer whose request was read before.
  [[nodiscard]] HttpReply reply_with(HttpAnswer answer, bool keeps_alive, bool is_http_1_0);

  /// Returns the reply for an answer after which the connection is closed.
  [[nodiscard]] HttpReply last_reply(HttpAnswer answer);

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace provisr::daemon
