#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace provisr::detail {

/// When the rounds of a steady rate are due. Not thread-safe.
class RoundSchedule {
 public:
  using Time = std::chrono::steady_clock::time_point;

  RoundSchedule(std::chrono::nanoseconds interval, Time now) noexcept { restart(interval, now); }

  /// Begins a steady rate: its first round is due after one interval, but after 250 ms at most.
  void restart(std::chrono::nanoseconds interval, Time now) noexcept {
    constexpr std::chrono::milliseconds longest_first_wait{250};
    interval_ = interval;
    due_ = now + std::min<std::chrono::nanoseconds>(interval, longest_first_wait);
  }

  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept { return interval_; }
  [[nodiscard]] Time due() const noexcept { return due_; }

  /// Goes on to the first round that is due after `now`. Returns how many rounds it passes over.
  std::uint64_t advance(Time now) noexcept {
    const auto missed = std::max((now - due_) / interval_, Time::rep{0});
    const Time last = due_ + missed * interval_;
    const bool is_beyond_clock = interval_ >= Time::max() - last;
    due_ = is_beyond_clock ? Time::max() : last + interval_;
    return static_cast<std::uint64_t>(missed);
  }

 private:
  std::chrono::nanoseconds interval_{};
  Time due_;
};

}  // namespace provisr::detail
