#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/base/log.hpp"
#include "daemon/http/access.hpp"
#include "daemon/http/host_policy.hpp"
#include "daemon/http/limits.hpp"
#include "daemon/http/monitor.hpp"
#include "daemon/http/router.hpp"

#include <memory>
#include <optional>
#include <string>

namespace provisr::daemon {

class Listeners;
class SocketGroupChange;

struct HttpServerOptions {
  ListenAddress address;
  /// The group that a Unix socket is given to; empty: the one that new files get.
  std::string socket_group = {};
  /// Requests that call the server by another host get 403; without a policy, none does. A Unix
  /// socket has no name that matters.
  std::optional<HostPolicy> hosts = std::nullopt;
  /// Who may do what; must outlive the server. Without one, nobody controls over TCP.
  const AccessPolicy* access = nullptr;
  HttpLimits limits = {};
};

/// Answers requests by a router, on one thread for all connections of an address. That thread never
/// waits for a client, so handlers decide how long others wait.
///
/// Thread safety: wake_sources(), stop_accepting() and is_deserted() from any thread; the rest
/// belongs to the thread that made the server. Handlers and sources run on the server's thread.
class HttpServer {
 public:
  /// Router, monitor and log must outlive the server.
  HttpServer(HttpServerOptions options, const Router& router, HttpMonitor& monitor, const Log& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Takes the address. Throws std::runtime_error with one clear sentence if that fails, also if
  /// another program, or another provisrd, listens there.
  void bind();

  /// In place of bind(): shares the sockets of `predecessor`, until one of the two stops, so that
  /// no client is turned away in between. False if it is not bound to the same address. A Unix
  /// socket is given to the group of this one, and back if this one ends before start(). Throws
  /// std::runtime_error with one clear sentence if it cannot be given.
  [[nodiscard]] bool share(const HttpServer& predecessor);

  /// The address, after bind() or share() with the port that the system chose in place of 0.
  [[nodiscard]] const ListenAddress& address() const;

  /// All of start() that can fail; requires bind() or share(). Throws std::runtime_error if there
  /// is no thread to be had.
  void prepare();

  /// Prepares if that was not done, and begins to take clients.
  void start();

  /// Goes on with the clients that it has and takes no more.
  void stop_accepting();
  /// Whether it takes no more clients and the last has gone.
  [[nodiscard]] bool is_deserted() const;

  /// Ends all connections; answers under way get HttpLimits::drain_time.
  void stop();

  /// Asks all sources again that had nothing.
  void wake_sources();

 private:
  class Loop;
  void make_loop(std::shared_ptr<const Listeners> listeners);

  HttpServerOptions options_;
  const Router* router_;
  HttpMonitor* monitor_;
  const Log* log_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<SocketGroupChange> group_change_;  ///< until start()
};

}  // namespace provisr::daemon
