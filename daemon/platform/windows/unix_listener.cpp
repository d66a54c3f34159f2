#include "daemon/platform/unix_listener.hpp"

#include <system_error>
#include <utility>

namespace provisr::daemon {

// Unreachable: the configuration rejects "unix:" on Windows.
UnixListener::UnixListener(std::string path, const std::string&, const UnixListener*)
    : path_(std::move(path)) {
  throw std::system_error(std::make_error_code(std::errc::address_family_not_supported));
}

UnixListener::~UnixListener() = default;

bool UnixListener::is_reachable() const {
  return false;
}

void UnixListener::give_to(const std::string& /*group*/) {}

}  // namespace provisr::daemon
