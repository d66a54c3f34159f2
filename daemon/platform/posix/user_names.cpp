#include "daemon/platform/posix/user_names.hpp"

#include "daemon/platform/posix/name_service.hpp"

#include <pwd.h>

#include <cstddef>
#include <optional>
#include <system_error>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool is_shortage(const std::error_code& error) {
  return error == std::errc::too_many_files_open ||
         error == std::errc::too_many_files_open_in_system || error == std::errc::not_enough_memory;
}

[[nodiscard]] std::optional<std::string> look_up_name(uid_t uid) {
  try {
    std::string name = look_up<passwd>(
        [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
          return ::getpwuid_r(uid, entry, buffer, size, found);
        },
        [](const passwd& entry) { return std::string(entry.pw_name); });
    if (!name.empty()) return name;
  } catch (const std::system_error& failure) {
    if (is_shortage(failure.code())) return std::nullopt;
    // Otherwise, no name service answers.
  }
  return std::to_string(uid);
}

}  // namespace

const std::string* UserNames::of(uid_t uid) {
  const auto known = known_.find(uid);
  if (known != known_.end()) return &known->second;
  auto name = look_up_name(uid);
  return name ? &known_.emplace(uid, std::move(*name)).first->second : nullptr;
}

}  // namespace provisr::daemon
