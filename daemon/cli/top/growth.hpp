#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

/// Whether the memory of a process grows: the rule of the page (web/series.js).
namespace provisr::daemon {

struct MemoryPoint {
  std::chrono::milliseconds at{};  ///< since 1970
  double mb = 0;
};

/// Of one process, the oldest first.
class MemoryHistory {
 public:
  static constexpr std::size_t longest = 240;

  /// Forgets what was before if there is a gap: more than 2.6 times the usual distance. A point
  /// that is not newer than the last one is ignored.
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
  bool is_now = true;        ///< false: the memory was let go, and has not grown enough since
  std::size_t released = 0;  ///< how often it had grown and was let go

  [[nodiscard]] double mb_per_minute() const;
};

/// A stretch ends if memory falls by more than a tenth below its highest value. It is growth if it
/// has 9 samples, gains at least 4 MB and a tenth, and the mean of each quarter of it is above the
/// one before. Returns that of the last stretch, or else of the last one that grew.
[[nodiscard]] std::optional<Growth> growth_of(const MemoryHistory& history);

/// "memory grows 3.0 MB a minute, from 20.0 MB to 50.0 MB in 10m0s".
[[nodiscard]] std::string to_words(const Growth& growth);

}  // namespace provisr::daemon
