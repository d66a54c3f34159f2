#pragma once

#include "daemon/http/request.hpp"

#include <provisr/history.hpp>
#include <provisr/query.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// The keys that an answer includes.
class Fields {
 public:
  Fields() = default;  ///< all of them
  explicit Fields(std::vector<std::string> names) : names_(std::move(names)) {}

  [[nodiscard]] bool has(std::string_view name) const {
    return names_.empty() || std::find(names_.begin(), names_.end(), name) != names_.end();
  }

  bool operator==(const Fields&) const = default;

 private:
  std::vector<std::string> names_;
};

/// What a request asks of a history.
struct HistoryQuery {
  TimeRange range;
  std::uint64_t limit = UINT64_MAX;  ///< only the newest rows of the range; at least 1
  std::optional<std::chrono::nanoseconds> step;
  Aggregate aggregate = Aggregate::average;
  Fields fields;
};

/// Reads `since`, `until`, `limit`, `step`, `agg` and `fields`, whose names must be in `known`.
/// Throws Refusal.
[[nodiscard]] HistoryQuery history_query(const HttpQuery& query,
                                         std::span<const std::string_view> known);

inline constexpr std::uint64_t max_steps = 10'000;

/// Returns how many steps the part of the range between the first and the last sample has.
[[nodiscard]] std::uint64_t steps_in(std::span<const HistoryView> histories, const TimeRange& range,
                                     std::chrono::nanoseconds step);

/// Returns how many samples there are.
[[nodiscard]] std::uint64_t samples_left(std::span<const HistoryView> histories);

/// Throws Refusal if there are more than max_steps. Empty steps do not count if the histories are
/// short enough to find them: a clock that was wrong for a moment leaves years without samples.
void require_bounded(std::span<const HistoryView> histories, const TimeRange& range,
                     std::chrono::nanoseconds step);

/// Returns a multiple of `step` that makes at most max_steps.
[[nodiscard]] std::chrono::nanoseconds bounded_step(std::span<const HistoryView> histories,
                                                    const TimeRange& range,
                                                    std::chrono::nanoseconds step);

}  // namespace provisr::daemon
