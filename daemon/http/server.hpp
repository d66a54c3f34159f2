#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/http/message.hpp"

#include <memory>
#include <string>

namespace provisr::daemon {

/// Serves GET and HEAD on a set of exact paths, each request on a thread of a pool. Answers
/// 404 and 405 by itself, as JSON. Nothing is cached by clients.
///
/// Thread safety: add routes before start(); handlers run on several threads at once; the rest
/// belongs to the thread that made the server.
class HttpServer {
 public:
  explicit HttpServer(ListenAddress address);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void add_route(std::string path, HttpHandler handler);

  /// Takes the address. Throws std::runtime_error with one clear sentence where that fails,
  /// also when another program, or another provisrd, listens there.
  void bind();

  /// Begins to answer; requires bind(). Returns when connections are accepted.
  void start();

  /// Ends all connections; an idle one within two seconds.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace provisr::daemon
