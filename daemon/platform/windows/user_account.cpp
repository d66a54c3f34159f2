#include "daemon/platform/user_account.hpp"

namespace provisr::daemon {

std::optional<UserAccount> find_user(const std::string& /*name*/) {
  return std::nullopt;
}

}  // namespace provisr::daemon
