#include "daemon/supervisor/backoff.hpp"

#include <algorithm>

namespace provisr::daemon {
namespace {

using std::chrono::milliseconds;

[[nodiscard]] milliseconds spread(milliseconds least, milliseconds most,
                                  double random_fraction) noexcept {
  const auto extra = static_cast<double>((most - least).count()) * random_fraction;
  return least + milliseconds(static_cast<milliseconds::rep>(extra));
}

/// Returns `first`, doubled for each failure after the first, at most `most`.
[[nodiscard]] milliseconds doubled(milliseconds first, std::uint64_t failures,
                                   milliseconds most) noexcept {
  milliseconds grown = first;
  for (std::uint64_t failure = 1; failure < failures && grown < most; ++failure) grown *= 2;
  return std::min(grown, most);
}

}  // namespace

milliseconds Backoff::pause(double random_fraction) const noexcept {
  const milliseconds restart = intervals_.restart;
  if (failures_ == 0) return spread(restart, restart * 5 / 4, random_fraction);
  const milliseconds first = intervals_.retry;
  const milliseconds most = std::max(intervals_.most, first);
  if (most == first) return spread(first, first * 5 / 4, random_fraction);
  const milliseconds least =
      std::max(first, std::min(doubled(first, failures_, most), most * 4 / 5));
  return spread(least, std::min(least * 5 / 4, most), random_fraction);
}

}  // namespace provisr::daemon
