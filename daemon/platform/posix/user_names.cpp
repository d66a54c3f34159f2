#include "daemon/platform/posix/user_names.hpp"

#include "daemon/base/shortage.hpp"
#include "daemon/platform/posix/name_service.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <pwd.h>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <optional>
#include <system_error>
#include <utility>

namespace provisr::daemon {

using posix_platform::FileDescriptor;

namespace {

/// Of several name services, the last one answers: "no such user" may mean that an earlier one
/// lacked descriptors.
[[nodiscard]] bool lacks_descriptors() {
  const FileDescriptor any(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return !any && is_shortage({errno, std::generic_category()});
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
  return lacks_descriptors() ? std::nullopt : std::optional(std::to_string(uid));
}

}  // namespace

const std::string* UserNames::of(uid_t uid) {
  const auto known = known_.find(uid);
  if (known != known_.end()) return &known->second;
  auto name = look_up_name(uid);
  return name ? &known_.emplace(uid, std::move(*name)).first->second : nullptr;
}

}  // namespace provisr::daemon
