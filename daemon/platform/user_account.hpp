#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace provisr::daemon {

/// A user of this system, as far as a process of theirs needs it.
struct UserAccount {
  std::string name;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups;  ///< all of them, `gid` included
  std::string home;
  std::string shell;

  bool operator==(const UserAccount&) const = default;
};

/// The user of that name or number; empty if this system has none. Throws std::system_error if that
/// cannot be found out. May ask a server for it, and wait.
[[nodiscard]] std::optional<UserAccount> find_user(const std::string& name);

}  // namespace provisr::daemon
