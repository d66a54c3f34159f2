#pragma once

#include "daemon/base/log.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Renames an unusable file to NAME.set-aside, replacing an earlier one. Returns the warning: the
/// file's name followed by `why`.
[[nodiscard]] std::string set_aside(const std::filesystem::path& file, std::string_view why);

/// The same, but logs the warning.
void set_aside(const std::filesystem::path& file, std::string_view why, const Log& log);

}  // namespace provisr::daemon
