#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// The character that begins a control sequence of a terminal.
inline constexpr char escape_character = '\x1b';

/// Returns valid UTF-8 that cannot control a terminal. Escapes C0 and C1 controls, line separators
/// and marks that change the direction of writing as \x1b or \u202e, and replaces invalid bytes.
[[nodiscard]] std::string printable(std::string_view text);

/// The same for a JSON text, without changing its meaning: a C1 control in a string becomes \u009b.
[[nodiscard]] std::string printable_json(std::string_view json);

/// Returns how many columns of a terminal a printable text takes: 2 for each wide character (East
/// Asian, emoji), 0 for marks that combine with the previous character.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// Returns the longest start of a printable text that fits into `columns`.
[[nodiscard]] std::string_view first_columns(std::string_view text, std::size_t columns);

/// Returns rows of printable cells as lines with aligned columns, two spaces apart. The last cell
/// of a row is not padded. No column is padded to more than the longest valid process name.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows);

/// Returns the two largest units without a space: "45s", "12m3s", "4h12m", "3d4h".
[[nodiscard]] std::string format_age(std::chrono::seconds age);

}  // namespace provisr::daemon
