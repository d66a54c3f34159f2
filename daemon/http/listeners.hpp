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
  /// empty. Throws std::runtime_error with one clear sentence if an address is unavailable or none
  /// exists.
  Listeners(const ListenAddress& address, const std::string& socket_group);

  /// Returns the address, with the port that the system has chosen if it was 0.
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  [[nodiscard]] std::vector<const Socket*> sockets() const;

 private:
  void listen(const std::string& socket_group);
  void listen_on_all_interfaces();
  void listen_on_host();
  [[nodiscard]] std::vector<Socket> try_host(int& port) const;

  ListenAddress address_;
  std::vector<Socket> tcp_;
  std::unique_ptr<UnixListener> unix_;
};

}  // namespace provisr::daemon
