#include "daemon/cli/top/growth.hpp"

#include "daemon/cli/client/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <span>
#include <vector>

namespace provisr::daemon {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t least_points = 9;
constexpr std::size_t pieces = 4;
constexpr double least_gain_mb = 4;
constexpr double least_gain_share = 0.1;
constexpr double fall_that_ends = 0.9;

using Points = std::span<const MemoryPoint>;

[[nodiscard]] milliseconds usual_distance(const std::deque<MemoryPoint>& points) {
  std::vector<milliseconds> distances;
  for (std::size_t i = 1; i < points.size(); ++i) {
    distances.push_back(points[i].at - points[i - 1].at);
  }
  const auto middle = distances.begin() + static_cast<std::ptrdiff_t>(distances.size() / 2);
  std::nth_element(distances.begin(), middle, distances.end());
  return *middle;
}

[[nodiscard]] bool is_gap(const std::deque<MemoryPoint>& points, milliseconds at) {
  constexpr std::size_t enough_to_tell = 4;
  constexpr milliseconds least_distance{1000};
  if (points.size() < enough_to_tell) return false;
  const milliseconds step = std::max(usual_distance(points), least_distance);
  return (at - points.back().at) * 10 > step * 26;
}

/// Returns the stretches over which memory did not fall by more than a tenth.
[[nodiscard]] std::vector<Points> rises_of(Points points) {
  std::vector<Points> rises;
  std::size_t begin = 0;
  double peak = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].mb < peak * fall_that_ends) {
      rises.push_back(points.subspan(begin, i - begin));
      begin = i;
      peak = 0;
    }
    peak = std::max(peak, points[i].mb);
  }
  if (begin < points.size()) rises.push_back(points.subspan(begin));
  return rises;
}

[[nodiscard]] double mean_of(Points points) {
  const double sum =
      std::accumulate(points.begin(), points.end(), 0.0,
                      [](double total, const MemoryPoint& point) { return total + point.mb; });
  return sum / static_cast<double>(points.size());
}

[[nodiscard]] bool is_steady(Points rise) {
  std::array<double, pieces> means{};
  for (std::size_t piece = 0; piece < pieces; ++piece) {
    const std::size_t from = piece * rise.size() / pieces;
    const std::size_t to = (piece + 1) * rise.size() / pieces;
    means[piece] = mean_of(rise.subspan(from, to - from));
  }
  return std::adjacent_find(means.begin(), means.end(), std::greater_equal<>()) == means.end();
}

[[nodiscard]] std::optional<Growth> growth_in(Points rise) {
  if (rise.size() < least_points) return std::nullopt;
  const double gain = rise.back().mb - rise.front().mb;
  const bool is_enough = gain >= least_gain_mb && gain >= rise.front().mb * least_gain_share;
  if (!is_enough || !is_steady(rise)) return std::nullopt;
  return Growth{.from_mb = rise.front().mb,
                .to_mb = rise.back().mb,
                .duration = rise.back().at - rise.front().at};
}

}  // namespace

void MemoryHistory::add(MemoryPoint point) {
  if (!points_.empty() && point.at <= points_.back().at) return;
  if (is_gap(points_, point.at)) points_.clear();
  points_.push_back(point);
  if (points_.size() > longest) points_.pop_front();
}

double Growth::mb_per_minute() const {
  return (to_mb - from_mb) / std::chrono::duration<double, std::ratio<60>>(duration).count();
}

std::optional<Growth> growth_of(const MemoryHistory& history) {
  const std::vector<MemoryPoint> points(history.points().begin(), history.points().end());
  std::optional<Growth> newest;
  std::size_t grown = 0;
  bool is_last = false;
  for (const Points rise : rises_of(points)) {
    const auto growth = growth_in(rise);
    is_last = growth.has_value();
    if (!growth) continue;
    newest = growth;
    ++grown;
  }
  if (!newest) return std::nullopt;
  newest->is_now = is_last;
  newest->released = is_last ? grown - 1 : grown;
  return newest;
}

std::string to_words(const Growth& growth) {
  std::string text = fmt::format(
      "memory {} {:.1f} MB a minute, from {:.1f} MB to {:.1f} MB in {}",
      growth.is_now ? "grows" : "grew", growth.mb_per_minute(), growth.from_mb, growth.to_mb,
      format_age(std::chrono::duration_cast<std::chrono::seconds>(growth.duration)));
  if (growth.released == 1) text += "; released and grown again once";
  if (growth.released > 1)
    text += fmt::format("; released and grown again {} times", growth.released);
  return text;
}

}  // namespace provisr::daemon
