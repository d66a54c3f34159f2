#include "daemon/platform/user_group.hpp"

#include <grp.h>

#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

namespace provisr::daemon {

std::optional<std::uint32_t> group_id(const std::string& name) {
  constexpr std::size_t most_bytes = std::size_t{16} << 20U;  // of all members' names
  std::vector<char> buffer(std::size_t{4} * 1024);
  for (;;) {
    group entry{};
    group* found = nullptr;
    const int error = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) return entry.gr_gid;
    // "Not found" is told in several ways; see getgrnam(3).
    if (error == 0 || error == ENOENT || error == ESRCH) return std::nullopt;
    if (error != ERANGE || buffer.size() >= most_bytes) {
      throw std::system_error(error, std::generic_category());
    }
    buffer.resize(buffer.size() * 4);
  }
}

}  // namespace provisr::daemon
