#pragma once

#include <provisr/observer.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace provisr {

/// A thread that calls a function, usually a registry's tick, at a steady rate. The first call
/// comes after one interval, but after 250 ms at most; later calls follow at every interval from
/// there. If a call takes longer than the interval, the rounds it overran are skipped and not made
/// up for.
///
/// Thread safety: any thread may call set_interval() and interval(), any except the collector's own
/// stop(). A forked child has no such thread: it must neither use nor destroy its copy, and leave
/// by exec or _exit.
class Collector {
 public:
  using Tick = std::function<void(const TickSchedule&)>;

  /// Starts the thread. `tick` must not throw. `interval` is positive, and may be as long as
  /// nanoseconds::max(). Throws std::system_error if the thread cannot be started.
  Collector(Tick tick, std::chrono::nanoseconds interval)
      : tick_(std::move(tick)), interval_(interval), thread_([this] { run(); }) {}

  Collector(std::function<void()> tick, std::chrono::nanoseconds interval)
      : Collector(Tick([tick = std::move(tick)](const TickSchedule&) { tick(); }), interval) {}

  /// Ticks a registry, which must outlive the collector.
  template <class Registry>
  requires requires(Registry& registry, TickSchedule schedule) { registry.tick(schedule); }
  Collector(Registry& registry, std::chrono::nanoseconds interval)
      : Collector(Tick([&registry](const TickSchedule& schedule) {
                    static_cast<void>(registry.tick(schedule));
                  }),
                  interval) {}

  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  ~Collector() { stop(); }

  /// Waits until a running tick is finished. No tick begins afterwards.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      is_stopping_ = true;
    }
    wake_.notify_all();
    const std::lock_guard lock(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }

  /// Changes the interval. The thread goes on: the next call comes after one interval from now, but
  /// after 250 ms at most, like the first one. A running call is not waited for.
  void set_interval(std::chrono::nanoseconds interval) {
    {
      const std::lock_guard lock(mutex_);
      interval_ = interval;
      is_first_ = true;
    }
    wake_.notify_all();
  }

  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept {
    const std::lock_guard lock(mutex_);
    return interval_;
  }

 private:
  using SteadyClock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds longest_first_wait{250};

  void run() {
    TickSchedule schedule;
    std::unique_lock lock(mutex_);
    auto due = SteadyClock::now();
    while (wait_for_round(lock, due)) {
      lock.unlock();
      schedule.lateness = SteadyClock::now() - due;
      tick_(schedule);
      lock.lock();
      schedule.missed = is_first_ ? 0 : rounds_missed(due, SteadyClock::now());
      due = next_round(due, schedule.missed);
    }
  }

  /// Waits until `due`, which a new interval changes. Returns false if the collector is stopping.
  bool wait_for_round(std::unique_lock<std::mutex>& lock, SteadyClock::time_point& due) {
    do {
      if (std::exchange(is_first_, false)) {
        due =
            SteadyClock::now() + std::min<std::chrono::nanoseconds>(interval_, longest_first_wait);
      }
      wake_.wait_until(lock, due, [this] { return is_stopping_ || is_first_; });
      if (is_stopping_) return false;
    } while (is_first_);
    return true;
  }

  /// Returns when the round after `due` and `missed` more begins. If that is later than a time
  /// point can hold, returns the last one.
  [[nodiscard]] SteadyClock::time_point next_round(SteadyClock::time_point due,
                                                   std::uint64_t missed) const noexcept {
    const auto interval = std::chrono::duration_cast<SteadyClock::duration>(interval_);
    const auto last = due + static_cast<SteadyClock::rep>(missed) * interval;
    constexpr auto end = SteadyClock::time_point::max();
    return interval < end - last ? last + interval : end;
  }

  /// Returns the number of rounds after `due` whose time has passed.
  [[nodiscard]] std::uint64_t rounds_missed(SteadyClock::time_point due,
                                            SteadyClock::time_point now) const noexcept {
    return static_cast<std::uint64_t>(std::max((now - due) / interval_, SteadyClock::rep{0}));
  }

  Tick tick_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::chrono::nanoseconds interval_;  ///< guarded by mutex_
  bool is_first_ = true;               ///< guarded by mutex_; the next round is the first one
  bool is_stopping_ = false;           ///< guarded by mutex_
  std::mutex join_mutex_;              // several threads may call stop(), but only one can join
  std::thread thread_;                 // last: uses all other members
};

}  // namespace provisr
