#include "daemon/platform/user_group.hpp"

namespace provisr::daemon {

// The configuration refuses `socket_group` on Windows before this.
std::optional<std::uint32_t> group_id(const std::string&) {
  return std::nullopt;
}

}  // namespace provisr::daemon
