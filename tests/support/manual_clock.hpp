#pragma once

#include <provisr/clock.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace provisr::test {

/// A clock that the test advances.
class ManualClock : public Clock {
 public:
  [[nodiscard]] MonotonicTime monotonic_now() const noexcept override {
    return MonotonicTime(std::chrono::nanoseconds(elapsed_ns_.load()));
  }
  [[nodiscard]] Timestamp utc_now() const noexcept override {
    return Timestamp(std::chrono::seconds(1'700'000'000) +
                     std::chrono::nanoseconds(elapsed_ns_.load() + set_by_ns_.load()));
  }

  void advance(std::chrono::nanoseconds by) noexcept { elapsed_ns_ += by.count(); }

  /// Steps the wall clock forward or back. Does not change monotonic time.
  void set_wall_clock_by(std::chrono::nanoseconds by) noexcept { set_by_ns_ += by.count(); }

 private:
  std::atomic<std::int64_t> elapsed_ns_ = 1'000'000'000;
  std::atomic<std::int64_t> set_by_ns_ = 0;
};

}  // namespace provisr::test
