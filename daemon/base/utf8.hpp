#pragma once

#include <string>
#include <string_view>

namespace provisr::daemon {

/// Whether all of `text` is well-formed UTF-8 (Unicode 15, table 3-7).
[[nodiscard]] bool is_valid_utf8(std::string_view text);

/// `text` with U+FFFD in place of each byte that belongs to no well-formed UTF-8 sequence.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace provisr::daemon
