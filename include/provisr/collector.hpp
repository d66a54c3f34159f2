#pragma once

#include <provisr/detail/round_schedule.hpp>
#include <provisr/observer.hpp>

#include <chrono>
#include <condition_variable>
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
/// Thread safety: any thread may call set_interval() and interval(); any thread but the collector's
/// own may call stop(). A forked child has no such thread: it must neither use nor destroy its
/// copy, and leave by exec or _exit.
class Collector {
 public:
  using Tick = std::function<void(const TickSchedule&)>;

  /// Starts the thread. `tick` must not throw. `interval` is positive, and may be as long as
  /// nanoseconds::max(). Throws std::system_error if the thread cannot be started.
  Collector(Tick tick, std::chrono::nanoseconds interval)
      : tick_(std::move(tick)), rounds_(interval, SteadyClock::now()), thread_([this] { run(); }) {}

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
      rounds_.restart(interval, SteadyClock::now());
      is_restarted_ = true;
    }
    wake_.notify_all();
  }

  [[nodiscard]] std::chrono::nanoseconds interval() const noexcept {
    const std::lock_guard lock(mutex_);
    return rounds_.interval();
  }

 private:
  using SteadyClock = std::chrono::steady_clock;

  void run() {
    TickSchedule schedule;
    std::unique_lock lock(mutex_);
    while (wait_for_round(lock)) {
      const auto due = rounds_.due();
      is_restarted_ = false;
      lock.unlock();
      schedule.lateness = SteadyClock::now() - due;
      tick_(schedule);
      lock.lock();
      schedule.missed = is_restarted_ ? 0 : rounds_.advance(SteadyClock::now());
    }
  }

  /// Waits until a round is due. Returns false if the collector is stopping.
  bool wait_for_round(std::unique_lock<std::mutex>& lock) {
    while (!is_stopping_ && SteadyClock::now() < rounds_.due()) {
      wake_.wait_until(lock, rounds_.due());
    }
    return !is_stopping_;
  }

  Tick tick_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  detail::RoundSchedule rounds_;  ///< guarded by mutex_
  bool is_restarted_ = false;     ///< guarded by mutex_; by set_interval() during this round
  bool is_stopping_ = false;      ///< guarded by mutex_
  std::mutex join_mutex_;         // several threads may call stop(), but only one can join
  std::thread thread_;            // last: uses all other members
};

}  // namespace provisr
