#pragma once

#include "daemon/base/log.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Renames a file that cannot be used to NAME.set-aside, over one of before. Returns the warning,
/// which says `why` in words that follow its name.
[[nodiscard]] std::string set_aside(const std::filesystem::path& file, std::string_view why);

/// The same, and logs the warning.
void set_aside(const std::filesystem::path& file, std::string_view why, const Log& log);

}  // namespace provisr::daemon
