#include "daemon/platform/user_group.hpp"

namespace provisr::daemon {

// Unreachable: the configuration rejects `socket_group` on Windows.
std::optional<std::uint32_t> group_id(const std::string&) {
  return std::nullopt;
}

}  // namespace provisr::daemon
