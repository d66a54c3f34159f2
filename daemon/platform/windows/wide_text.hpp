#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// UTF-8 as the UTF-16 that Windows takes. What is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::wstring to_wide(std::string_view utf8);

/// The way back. What is no UTF-16 becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::wstring_view wide);

}  // namespace provisr::daemon
