#include "daemon/base/listen_address.hpp"

#include <fmt/format.h>

namespace provisr::daemon {

std::string ListenAddress::to_string() const {
  if (is_unix_socket()) return "unix:" + path;
  const bool ipv6 = host.find(':') != std::string::npos;
  return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace provisr::daemon
