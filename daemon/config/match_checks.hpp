#pragma once

#include "daemon/config/config.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Each returns why the pattern can never match, judged by its text alone; empty if it may match.
[[nodiscard]] std::string why_exe_never_matches(std::string_view pattern);
[[nodiscard]] std::string why_cgroup_never_matches(std::string_view pattern);
[[nodiscard]] std::string why_unit_never_matches(std::string_view pattern);

/// Returns why the pattern can never match: it is the number of a user that has a name. May block
/// while a server is asked.
[[nodiscard]] std::string why_user_never_matches(std::string_view pattern);

/// Returns why no process can match both `cgroup` and `unit`; empty if a process may.
[[nodiscard]] std::string contradiction_in(const ProcessMatch& match);

/// Returns whether everything that matches `second` certainly matches `first`: each pattern of
/// `first` is empty, equals that of `second`, has only stars, or matches that of `second` as plain
/// text.
[[nodiscard]] bool covers(const ProcessMatch& first, const ProcessMatch& second);

}  // namespace provisr::daemon
