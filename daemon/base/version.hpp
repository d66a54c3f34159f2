#pragma once

#include <string_view>

namespace provisr::daemon {

/// The project's version, from CMakeLists.txt.
inline constexpr std::string_view provisrd_version = PROVISR_VERSION;

}  // namespace provisr::daemon
