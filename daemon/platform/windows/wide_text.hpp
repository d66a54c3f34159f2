#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// UTF-8 as the UTF-16 that Windows takes. What is no UTF-8 becomes U+FFFD.
[[nodiscard]] std::wstring to_wide(std::string_view utf8);

}  // namespace provisr::daemon
