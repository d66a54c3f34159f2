#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Converts UTF-8 to UTF-16. Invalid sequences become U+FFFD.
[[nodiscard]] std::wstring to_wide(std::string_view utf8);

/// Converts UTF-16 to UTF-8. Invalid sequences become U+FFFD.
[[nodiscard]] std::string to_utf8(std::wstring_view wide);

}  // namespace provisr::daemon
