#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// A user of this system, with what is needed to run a process as that user.
struct UserAccount {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  ///< all groups, including `gid`
  std::string home;
  std::string shell;

  bool operator==(const UserAccount&) const = default;
};

/// Returns the user with this name or number; empty if there is none. Throws std::system_error if
/// the lookup fails. May block while a server is asked.
[[nodiscard]] std::optional<UserAccount> find_user(const std::string& name);

}  // namespace provisr::daemon
