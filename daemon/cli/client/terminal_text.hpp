#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace provisr::daemon {

/// What begins a control sequence of a terminal.
inline constexpr char escape_character = '\x1b';

/// Valid UTF-8 in which nothing controls a terminal: C0 and C1 controls, line separators and marks
/// that change the direction of writing are escaped as \x1b or \u202e, other bytes replaced.
[[nodiscard]] std::string printable(std::string_view text);

/// The same for a JSON text, whose meaning stays: what strings may hold becomes \u009b.
[[nodiscard]] std::string printable_json(std::string_view json);

/// How many columns of a terminal a printable text takes: 2 for each wide character (East Asian,
/// emoji), none for marks that combine with the character before.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// As much of a printable text as fits into so many columns.
[[nodiscard]] std::string_view first_columns(std::string_view text, std::size_t columns);

/// Rows of printable cells in aligned columns, two spaces apart, a line each. The last cell of a
/// row is not padded, and no column is wider than a process name can be.
[[nodiscard]] std::string aligned(const std::vector<std::vector<std::string>>& rows);

/// The two largest units: "45s", "12m3s", "4h12m", "3d4h". One word, so that columns can be cut.
[[nodiscard]] std::string short_age(std::chrono::seconds age);

}  // namespace provisr::daemon
