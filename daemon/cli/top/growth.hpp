#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

/// Detects whether the memory of a process grows, by the rule of the page (web/series.js).
namespace provisr::daemon {

struct MemoryPoint {
  std::chrono::milliseconds at{};  ///< since 1970
  double mb = 0;
};

/// The memory of one process, the oldest point first.
class MemoryHistory {
 public:
  static constexpr std::size_t longest = 240;

  /// Adds a point. Clears the history before it if there is a gap of more than 2.6 times the usual
  /// distance. Ignores a point that is not newer than the last one.
  void add(MemoryPoint point);
  void clear() { points_.clear(); }

  [[nodiscard]] const std::deque<MemoryPoint>& points() const { return points_; }

 private:
  std::deque<MemoryPoint> points_;
};

struct Growth {
  double from_mb = 0;
  double to_mb = 0;
  std::chrono::milliseconds duration{};
  bool is_now = true;        ///< false: the memory was released and has not grown enough since
  std::size_t released = 0;  ///< how often memory had grown and was released

  [[nodiscard]] double mb_per_minute() const;
};

/// Returns the growth of the last stretch, or else of the last stretch that grew. A stretch ends if
/// memory falls by more than a tenth below its highest value. It is growth if it has at least 9
/// samples, gains at least 4 MB and a tenth, and the means of its quarters rise.
[[nodiscard]] std::optional<Growth> growth_of(const MemoryHistory& history);

/// Returns "memory grows 3.0 MB a minute, from 20.0 MB to 50.0 MB in 10m0s" and the like.
[[nodiscard]] std::string to_words(const Growth& growth);

}  // namespace provisr::daemon
