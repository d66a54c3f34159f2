#include "daemon/cli/top/columns.hpp"

#include "daemon/cli/client/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace provisr::daemon {
namespace {

[[nodiscard]] std::string count_text(const std::optional<double>& value) {
  return value ? fmt::format("{:.0f}", *value) : std::string();
}

[[nodiscard]] std::string tenths(const std::optional<double>& value) {
  return value ? fmt::format("{:.1f}", *value) : std::string();
}

[[nodiscard]] std::string state_of(const Row& row) {
  if (!row.is_group) return printable(row.state);
  return fmt::format("{}/{} up", row.members_up, row.members);
}

[[nodiscard]] std::string uptime_of(const Row& row) {
  if (!row.uptime_seconds) return {};
  return format_age(std::chrono::seconds(static_cast<std::int64_t>(*row.uptime_seconds)));
}

// From left to right. A width includes the space before the column.
constexpr auto columns = std::to_array<Column>({
    {"STATE", 9, SortKey::state, state_of},
    {"UPTIME", 9, SortKey::uptime, uptime_of},
    {"RESTARTS", 10, SortKey::restarts, [](const Row& row) { return count_text(row.restarts); }},
    {"CPU %", 9, SortKey::cpu, [](const Row& row) { return tenths(row.cpu_percent); }},
    {"MEM MB", 10, SortKey::memory, [](const Row& row) { return tenths(row.memory_mb); }},
    {"THREADS", 9, SortKey::threads, [](const Row& row) { return count_text(row.threads); }},
    {"FDS", 7, SortKey::descriptors, [](const Row& row) { return count_text(row.descriptors); }},
});

/// The columns by importance: if the screen is narrow, the last ones are left out first.
constexpr auto importance =
    std::to_array<SortKey>({SortKey::cpu, SortKey::memory, SortKey::state, SortKey::uptime,
                            SortKey::restarts, SortKey::threads, SortKey::descriptors});

constexpr std::size_t always_there = 3;
constexpr std::size_t least_name = 10;
constexpr std::size_t usual_name = 16;
constexpr std::size_t least_chart = 8;
constexpr std::size_t max_chart = 60;

[[nodiscard]] std::size_t width_of(SortKey key) {
  const auto* const column = std::find_if(columns.begin(), columns.end(),
                                          [&](const Column& one) { return one.key == key; });
  return column->width;
}

}  // namespace

Layout layout_for(std::size_t width, std::size_t longest_name) {
  std::vector<SortKey> chosen;
  std::size_t fixed = 0;
  for (const SortKey key : importance) {
    // If the screen is wide enough for more, the chart gets its least width first.
    const bool is_narrow = chosen.size() < always_there;
    const std::size_t others = std::min(longest_name, is_narrow ? least_name : usual_name) +
                               (is_narrow ? 0 : least_chart + 1);
    if (fixed + width_of(key) + others > width) break;
    fixed += width_of(key);
    chosen.push_back(key);
  }
  Layout layout;
  for (const Column& column : columns) {
    const bool is_shown = std::find(chosen.begin(), chosen.end(), column.key) != chosen.end();
    if (is_shown) layout.columns.push_back(&column);
  }
  const std::size_t left = width > fixed ? width - fixed : 0;
  layout.name = std::min(longest_name, left);
  const std::size_t rest = left - layout.name;
  if (rest > least_chart) layout.chart = std::min(rest - 1, max_chart);
  return layout;
}

}  // namespace provisr::daemon
