#include "daemon/platform/user_account.hpp"

#include "daemon/platform/posix/name_service.hpp"

#include <grp.h>
#include <pwd.h>

#include <charconv>
#include <string_view>
#include <unistd.h>

namespace provisr::daemon {
namespace {

using Account = std::optional<UserAccount>;

/// getgrouplist takes gid_t, or int on macOS.
template <class Group>
[[nodiscard]] std::vector<Group> groups_of(const passwd& entry,
                                           int (*list)(const char*, Group, Group*, int*)) {
  constexpr int most = 65536;  // NGROUPS_MAX on Linux
  std::vector<Group> groups(64);
  for (;;) {
    int count = static_cast<int>(groups.size());
    const bool is_whole =
        list(entry.pw_name, static_cast<Group>(entry.pw_gid), groups.data(), &count) >= 0;
    if (is_whole || groups.size() >= most) {
      groups.resize(static_cast<std::size_t>(count));
      return groups;
    }
    groups.resize(groups.size() * 2);
  }
}

[[nodiscard]] Account account_of(const passwd& entry) {
  UserAccount account{.name = entry.pw_name,
                      .uid = entry.pw_uid,
                      .gid = entry.pw_gid,
                      .groups = {},
                      .home = entry.pw_dir,
                      .shell = entry.pw_shell};
  for (const auto group : groups_of(entry, &::getgrouplist)) {
    account.groups.push_back(static_cast<std::uint32_t>(group));
  }
  return account;
}

[[nodiscard]] Account find_by_name(const std::string& name) {
  return look_up<passwd>(
      [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
        return ::getpwnam_r(name.c_str(), entry, buffer, size, found);
      },
      account_of);
}

[[nodiscard]] Account find_by_number(uid_t uid) {
  return look_up<passwd>(
      [&](passwd* entry, char* buffer, std::size_t size, passwd** found) {
        return ::getpwuid_r(uid, entry, buffer, size, found);
      },
      account_of);
}

[[nodiscard]] std::optional<uid_t> number_of(std::string_view text) {
  uid_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<UserAccount> find_user(const std::string& name) {
  Account account = find_by_name(name);
  if (account) return account;
  const auto number = number_of(name);
  return number ? find_by_number(*number) : std::nullopt;
}

}  // namespace provisr::daemon
