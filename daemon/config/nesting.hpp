#pragma once

#include <cstddef>
#include <string_view>

namespace provisr::daemon {

/// The most brackets and braces that may be open at once, and the most dots in one key.
inline constexpr std::size_t max_nesting = 32;

/// Returns the first line (counted from 1) of a TOML text that exceeds max_nesting; 0 if none does.
/// toml++ recurses once for each level, both when it parses and when it destroys a document, so the
/// depth must be bounded beforehand. Text that is not TOML is checked up to its first error.
[[nodiscard]] std::size_t line_nested_too_deeply(std::string_view toml);

}  // namespace provisr::daemon
