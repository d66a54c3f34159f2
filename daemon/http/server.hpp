#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/http/router.hpp"

#include <memory>

namespace provisr::daemon {

/// Answers requests by a router, each on a thread of a pool. Clients cache nothing.
///
/// Thread safety: handlers run on several threads at once; the rest belongs to the thread that made
/// the server.
class HttpServer {
 public:
  /// The router must outlive the server.
  HttpServer(ListenAddress address, const Router& router);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Takes the address. Throws std::runtime_error with one clear sentence if that fails,
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
