#include "daemon/platform/user_group.hpp"

#include "daemon/platform/posix/name_service.hpp"

#include <grp.h>

namespace provisr::daemon {

std::optional<std::uint32_t> group_id(const std::string& name) {
  return look_up<group>(
      [&](group* entry, char* buffer, std::size_t size, group** found) {
        return ::getgrnam_r(name.c_str(), entry, buffer, size, found);
      },
      [](const group& entry) { return std::optional<std::uint32_t>(entry.gr_gid); });
}

}  // namespace provisr::daemon
