#pragma once

#include "daemon/config/config.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Why a pattern can match nothing on any machine, as far as its text alone tells; empty if it may.
[[nodiscard]] std::string futility_of_exe(std::string_view pattern);
[[nodiscard]] std::string futility_of_cgroup(std::string_view pattern);
[[nodiscard]] std::string futility_of_unit(std::string_view pattern);

/// Why no process can fit both `cgroup` and `unit`; empty if one may.
[[nodiscard]] std::string contradiction_in(const ProcessMatch& match);

/// Whether all that fits `second` fits `first`, as far as can be said for sure: each pattern of
/// `first` is the same in `second`, is only stars, or matches what `second` says without wildcards.
[[nodiscard]] bool covers(const ProcessMatch& first, const ProcessMatch& second);

}  // namespace provisr::daemon
