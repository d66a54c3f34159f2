#include "daemon/http/listeners.hpp"

#include "daemon/platform/listen_socket.hpp"

#include <fmt/format.h>

#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

/// Resolves a host. "localhost" always means both loopback addresses, whatever /etc/hosts says.
[[nodiscard]] std::vector<SocketAddress> all_addresses_of(const std::string& host) {
  if (host != "localhost") return addresses_of(host);
  std::vector<SocketAddress> addresses = addresses_of("127.0.0.1");
  for (SocketAddress& address : addresses_of("::1")) addresses.push_back(std::move(address));
  return addresses;
}

[[nodiscard]] std::string reason_of(const std::exception& failure) {
  const auto* const error = dynamic_cast<const std::system_error*>(&failure);
  return error != nullptr ? error->code().message() : failure.what();
}

[[nodiscard]] std::runtime_error cannot_listen(const ListenAddress& address,
                                               const std::exception& failure) {
  return std::runtime_error(
      fmt::format("cannot listen on {}: {}", address.to_string(), reason_of(failure)));
}

}  // namespace

Listeners::Listeners(const ListenAddress& address, const std::string& socket_group,
                     const Listeners* unreachable)
    : address_(address) {
  try {
    listen(socket_group, unreachable);
  } catch (const std::exception& failure) {
    throw cannot_listen(address, failure);
  }
}

std::string Listeners::socket_group() const {
  return unix_ ? unix_->group() : std::string();
}

void Listeners::give_to(const std::string& socket_group) const {
  if (!unix_) return;
  try {
    unix_->give_to(socket_group);
  } catch (const std::exception& failure) {
    throw cannot_listen(address_, failure);
  }
}

SocketGroupChange::SocketGroupChange(std::shared_ptr<const Listeners> listeners,
                                     const std::string& group)
    : listeners_(std::move(listeners)), before_(listeners_->socket_group()) {
  listeners_->give_to(group);
}

SocketGroupChange::~SocketGroupChange() {
  if (!listeners_) return;
  try {
    listeners_->give_to(before_);
  } catch (const std::exception&) {  // it has the new group, and all else is as it was
  }
}

std::vector<const Socket*> Listeners::sockets() const {
  std::vector<const Socket*> sockets;
  for (const Socket& socket : tcp_) sockets.push_back(&socket);
  if (unix_) sockets.push_back(&unix_->socket());
  return sockets;
}

void Listeners::listen(const std::string& socket_group, const Listeners* unreachable) {
  if (address_.is_unix_socket()) {
    const UnixListener* const predecessor = unreachable ? unreachable->unix_.get() : nullptr;
    unix_ = std::make_unique<UnixListener>(address_.path, socket_group, predecessor);
  } else if (address_.host.empty() || address_.host == "::") {
    listen_on_all_interfaces();
  } else {
    listen_on_host();
  }
}

void Listeners::listen_on_all_interfaces() {
  try {
    tcp_.push_back(listen_on(addresses_of("::").front(), address_.port, Coverage::both_families));
  } catch (const std::system_error& failure) {
    if (!says_address_unavailable(failure.code())) throw;
    tcp_.push_back(listen_on(addresses_of("0.0.0.0").front(), address_.port, Coverage::own_family));
  }
  address_.port = port_of(tcp_.front());
}

/// Tries again if the port that the system chose for the first address is taken on another one.
void Listeners::listen_on_host() {
  constexpr int max_attempts = 20;
  for (int attempt = 1;; ++attempt) {
    int port = address_.port;
    try {
      tcp_ = try_host(port);
      address_.port = port;
      return;
    } catch (const std::system_error&) {
      if (address_.port != 0 || attempt == max_attempts) throw;
    }
  }
}

/// Listens on each address of the host. Skips addresses that this machine lacks, if at least one
/// remains. Sets `port` to that of the first socket.
std::vector<Socket> Listeners::try_host(int& port) const {
  std::vector<Socket> sockets;
  std::optional<std::error_code> unavailable;
  for (const SocketAddress& address : all_addresses_of(address_.host)) {
    try {
      sockets.push_back(listen_on(address, port, Coverage::own_family));
      port = port_of(sockets.front());
    } catch (const std::system_error& failure) {
      if (!says_address_unavailable(failure.code())) throw;
      unavailable = failure.code();
    }
  }
  if (sockets.empty() && unavailable) throw std::system_error(*unavailable);
  if (sockets.empty()) throw std::runtime_error("the host has no address");
  return sockets;
}

}  // namespace provisr::daemon
