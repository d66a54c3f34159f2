#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/platform/socket.hpp"
#include "daemon/platform/unix_listener.hpp"

#include <memory>
#include <string>
#include <vector>

namespace provisr::daemon {

/// All sockets that listen for one configured address.
class Listeners {
 public:
  Listeners() = default;
  /// Listens on all addresses of the host. Gives a Unix socket to `socket_group` unless that is
  /// empty. `unreachable`: listeners for this address that are to be replaced. Throws
  /// std::runtime_error with one clear sentence if an address is unavailable or none exists.
  Listeners(const ListenAddress& address, const std::string& socket_group,
            const Listeners* unreachable = nullptr);

  /// Returns the address, with the port that the system has chosen if it was 0.
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  [[nodiscard]] std::vector<const Socket*> sockets() const;

  /// Returns false if somebody has removed or replaced the file of the Unix socket.
  [[nodiscard]] bool is_reachable() const { return !unix_ || unix_->is_reachable(); }

  /// Whom the Unix socket is given to; empty without one.
  [[nodiscard]] std::string socket_group() const;
  /// Throws std::runtime_error with one clear sentence, with the group as it was.
  void give_to(const std::string& socket_group) const;

 private:
  void listen(const std::string& socket_group, const Listeners* unreachable);
  void listen_on_all_interfaces();
  void listen_on_host();
  [[nodiscard]] std::vector<Socket> try_host(int& port) const;

  ListenAddress address_;
  std::vector<Socket> tcp_;
  std::unique_ptr<UnixListener> unix_;
};

/// Gives a Unix socket to another group, and takes that back at its end unless it is to be kept.
class SocketGroupChange {
 public:
  /// Throws as Listeners::give_to.
  SocketGroupChange(std::shared_ptr<const Listeners> listeners, const std::string& group);
  ~SocketGroupChange();
  SocketGroupChange(const SocketGroupChange&) = delete;
  SocketGroupChange& operator=(const SocketGroupChange&) = delete;

  void keep() { listeners_.reset(); }

 private:
  std::shared_ptr<const Listeners> listeners_;
  std::string before_;
};

}  // namespace provisr::daemon
