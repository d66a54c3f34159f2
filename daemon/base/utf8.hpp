#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Returns whether all of `text` is well-formed UTF-8 (Unicode 15, table 3-7).
[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// Returns `text` with U+FFFD in place of each byte that is not part of a well-formed sequence.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace provisr::daemon
