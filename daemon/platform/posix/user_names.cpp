#include "daemon/platform/posix/user_names.hpp"

#include "daemon/platform/posix/name_service.hpp"

#include <pwd.h>

#include <cstddef>
#include <system_error>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::string look_up_name(uid_t uid) {
  try {
    std::string name = look_up<passwd>(
        [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
          return ::getpwuid_r(uid, entry, buffer, size, found);
        },
        [](const passwd& entry) { return std::string(entry.pw_name); });
    if (!name.empty()) return name;
  } catch (const std::system_error&) {  // no name service answers
  }
  return std::to_string(uid);
}

}  // namespace

const std::string& UserNames::of(uid_t uid) {
  const auto known = known_.find(uid);
  return known != known_.end() ? known->second
                               : known_.emplace(uid, look_up_name(uid)).first->second;
}

}  // namespace provisr::daemon
