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
  /// The group of a Unix socket; empty: the group that new files get.
  std::string socket_group = {};
  /// Requests with a host that the policy does not allow get 403. Without a policy, every host is
  /// allowed. Not used for a Unix socket.
  std::optional<HostPolicy> hosts = std::nullopt;
  /// Who may do what; must outlive the server. If null, nobody has control over TCP.
  const AccessPolicy* access = nullptr;
  HttpLimits limits = {};
};

/// A server that answers requests by a router. One thread serves all connections of an address. It
/// never waits for a client, so only handlers can delay other clients.
///
/// Thread safety: wake_sources(), stop_accepting() and is_drained() may be called from any thread,
/// the rest only from the thread that made the server. Handlers and sources run on the server's
/// thread.
class HttpServer {
 public:
  /// `router`, `monitor` and `log` must outlive the server.
  HttpServer(HttpServerOptions options, const Router& router, HttpMonitor& monitor, const Log& log);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Takes the address. Throws std::runtime_error with one clear sentence if that fails, also if
  /// another program, or another provisrd, listens there.
  void bind();

  /// Replaces bind(): shares the sockets of `predecessor` until one of the two stops, so that no
  /// client is refused in between. Binds the address anew, if possible, if somebody has removed
  /// the file of the Unix socket. Returns false if `predecessor` is not bound to the same address.
  /// Gives a Unix socket to the group of this server; gives it back if this server ends before
  /// start(). Throws std::runtime_error with one clear sentence on failure.
  [[nodiscard]] bool share(const HttpServer& predecessor);

  /// Returns whether the server has its address: from bind() or share() until shortly after
  /// finish().
  [[nodiscard]] bool is_bound() const;

  /// Returns false if somebody has removed or replaced the file of the Unix socket.
  [[nodiscard]] bool is_reachable() const;

  /// Returns the address; after bind() or share(), with the port that the system chose for 0.
  [[nodiscard]] const ListenAddress& address() const;

  /// Does everything in start() that can fail. Requires bind() or share(). Throws
  /// std::runtime_error if no thread can be created.
  void prepare();

  /// Calls prepare() and begins to accept clients.
  void start();

  /// Accepts no more clients, and closes present connections after their answers.
  void stop_accepting();
  /// Call it after stop_accepting(): releases the sockets, and closes connections and ends sources
  /// whose answer nobody waits for.
  void finish();
  /// Returns whether the server accepts no more clients and the last one is gone.
  [[nodiscard]] bool is_drained() const;

  /// Ends all connections. Answers being sent get HttpLimits::drain_time.
  void stop();

  /// Asks all sources again that had nothing.
  void wake_sources();

 private:
  class Loop;
  void make_loop(std::shared_ptr<const Listeners> listeners);
  [[nodiscard]] std::shared_ptr<const Listeners> renewed(
      std::shared_ptr<const Listeners> unreachable) const;

  HttpServerOptions options_;
  const Router* router_;
  HttpMonitor* monitor_;
  const Log* log_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<SocketGroupChange> group_change_;  ///< until start()
};

}  // namespace provisr::daemon
