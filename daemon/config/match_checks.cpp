#include "daemon/config/match_checks.hpp"

#include "daemon/base/glob.hpp"
#include "daemon/base/text.hpp"
#include "daemon/platform/user_account.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <system_error>

namespace provisr::daemon {
namespace {

constexpr std::string_view wildcards = "*?";

[[nodiscard]] bool may_begin_with_slash(std::string_view pattern) {
  return pattern.empty() || pattern.front() == '/' ||
         wildcards.find(pattern.front()) != std::string_view::npos;
}

/// Returns whether a text that matches `pattern` can end with `end`.
[[nodiscard]] bool may_end_with(std::string_view pattern, std::string_view end) {
  while (!end.empty()) {
    if (pattern.empty()) return false;
    if (pattern.back() == '*') return true;
    if (pattern.back() != '?' && pattern.back() != end.back()) return false;
    pattern.remove_suffix(1);
    end.remove_suffix(1);
  }
  return true;
}

constexpr auto unit_ends = std::to_array<std::string_view>({".service", ".scope"});

/// Returns the systemd unit of the processes in a control group; empty if they have none.
[[nodiscard]] std::string_view unit_in(std::string_view cgroup) {
  while (!cgroup.empty()) {
    const std::size_t begin = cgroup.rfind('/') + 1;  // 0 if there is no slash
    const std::string_view part = cgroup.substr(begin);
    if (std::any_of(unit_ends.begin(), unit_ends.end(),
                    [&](std::string_view end) { return part.ends_with(end); })) {
      return part;
    }
    cgroup = cgroup.substr(0, begin == 0 ? 0 : begin - 1);
  }
  return {};
}

[[nodiscard]] std::optional<UserAccount> known_user(const std::string& name) {
  try {
    return find_user(name);
  } catch (const std::system_error&) {  // no server answers
    return std::nullopt;
  }
}

/// An empty `first` matches anything, even an unknown value.
[[nodiscard]] bool covers(std::string_view first, std::string_view second) {
  if (first.empty() || first == second) return true;
  if (second.empty()) return false;
  if (first.find_first_not_of('*') == std::string_view::npos) return true;
  return second.find_first_of(wildcards) == std::string_view::npos &&
         Glob(first).match(second).has_value();
}

}  // namespace

std::string why_exe_never_matches(std::string_view pattern) {
  const bool has_slash_first = std::filesystem::path("/").is_absolute();
  if (!has_slash_first || may_begin_with_slash(pattern)) return {};
  const std::size_t name = std::min(pattern.rfind('/') + 1, pattern.size());
  return fmt::format("matches nothing: paths of programs begin with \"/\", as in \"*/{}\"",
                     pattern.substr(name));
}

std::string why_cgroup_never_matches(std::string_view pattern) {
  if (may_begin_with_slash(pattern)) return {};
  return fmt::format("matches nothing: paths of control groups begin with \"/\", as in \"/{}\"",
                     pattern);
}

std::string why_unit_never_matches(std::string_view pattern) {
  const bool may_fit = std::any_of(unit_ends.begin(), unit_ends.end(), [&](std::string_view end) {
    return may_end_with(pattern, end);
  });
  if (may_fit) return {};
  return fmt::format(
      "matches nothing: the units of processes end with \".service\" or \".scope\", as in "
      "\"{}.service\"",
      pattern.substr(0, pattern.rfind('.')));
}

std::string why_user_never_matches(std::string_view pattern) {
  if (!std::all_of(pattern.begin(), pattern.end(), is_digit)) return {};
  const auto user = known_user(std::string(pattern));
  if (!user || user->name == pattern) return {};
  return fmt::format("matches nothing: the user with this number has a name, \"{}\"", user->name);
}

std::string contradiction_in(const ProcessMatch& match) {
  const bool is_told = !match.unit.empty() && !match.cgroup.empty() &&
                       match.cgroup.find_first_of(wildcards) == std::string::npos;
  if (!is_told) return {};
  const std::string_view unit = unit_in(match.cgroup);
  if (!unit.empty() && Glob(match.unit).match(unit)) return {};
  return fmt::format("matches nothing: the unit of processes in \"{}\" {}", match.cgroup,
                     unit.empty() ? "is none" : fmt::format("is \"{}\"", unit));
}

bool covers(const ProcessMatch& first, const ProcessMatch& second) {
  return covers(first.unit, second.unit) && covers(first.cgroup, second.cgroup) &&
         covers(first.exe, second.exe) && covers(first.args, second.args) &&
         covers(first.user, second.user);
}

}  // namespace provisr::daemon
