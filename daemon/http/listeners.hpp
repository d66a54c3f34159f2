#pragma once

#include "daemon/base/listen_address.hpp"
#include "daemon/platform/socket.hpp"
#include "daemon/platform/unix_listener.hpp"

#include <memory>
#include <vector>

namespace provisr::daemon {

/// Every socket that listens for one configured address.
class Listeners {
 public:
  Listeners() = default;
  /// Listens on all addresses of the host. Throws std::runtime_error with one clear sentence if
  /// one of them cannot be had, or none exists.
  explicit Listeners(const ListenAddress& address);

  /// With the port that the system has chosen in place of 0.
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  [[nodiscard]] std::vector<const Socket*> sockets() const;

 private:
  void listen();
  void listen_on_all_interfaces();
  void listen_on_host();
  [[nodiscard]] std::vector<Socket> try_host(int& port) const;

  ListenAddress address_;
  std::vector<Socket> tcp_;
  std::unique_ptr<UnixListener> unix_;
};

}  // namespace provisr::daemon
