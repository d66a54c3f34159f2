#pragma once

#include "daemon/platform/blocked_signals.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Calls a function that may block for long, such as one that reads a file of a file system that
/// hangs, on a worker thread. If a call takes longer than the timeout, another worker goes on with
/// the next argument, and an argument that equals the blocked one is skipped until its call has
/// returned. The timeout shrinks with the number of blocked workers, so that many of them cost the
/// caller little more than a few. If the limit of blocked workers is reached, nothing is called
/// until one returns. If many calls are slow without being blocked, the rest of them is given up
/// after four times the timeout. If no thread can be started, the rest is not called: see
/// lacks_thread().
///
/// Not thread-safe; belongs to one thread.
template <class Argument, class Result>
class PatientCaller {
 public:
  using Function = std::function<Result(const Argument& argument)>;

  /// `function` is called on worker threads, and may still run when this object is gone.
  PatientCaller(Function function, std::chrono::milliseconds timeout, std::size_t max_blocked)
      : function_(std::move(function)),
        timeout_(timeout),
        max_blocked_(max_blocked),
        desk_(std::make_shared<Desk>()) {}

  ~PatientCaller() {
    const std::lock_guard lock(desk_->mutex);
    desk_->is_closed = true;
    desk_->changed.notify_all();
  }
  PatientCaller(const PatientCaller&) = delete;
  PatientCaller& operator=(const PatientCaller&) = delete;

  /// Returns a result for each argument, in their order; the default result for one whose call
  /// blocks, is given up or throws.
  [[nodiscard]] std::vector<Result> of(std::vector<Argument> arguments) {
    std::unique_lock lock(desk_->mutex);
    desk_->results = std::vector<Result>(arguments.size());
    desk_->arguments = std::move(arguments);
    desk_->go_to(0);
    lacks_thread_ = false;
    int waits_left = max_waits_for_slow;
    while (!desk_->is_done() && has_worker()) wait_for_rest(lock, waits_left);
    desk_->arguments.clear();
    return std::move(desk_->results);
  }

  [[nodiscard]] Result of(const Argument& argument) {
    return std::move(of(std::vector{argument}).front());
  }

  /// Returns whether calls of the last of() were not made because no thread could be started.
  [[nodiscard]] bool lacks_thread() const { return lacks_thread_; }

  /// Returns whether a call for this argument has timed out and not returned yet.
  [[nodiscard]] bool is_blocked(const Argument& argument) const {
    const std::lock_guard lock(desk_->mutex);
    return desk_->is_blocked(argument);
  }

 private:
  /// State shared by the threads; kept alive by workers that are blocked.
  struct Desk {
    [[nodiscard]] bool is_blocked(const Argument& argument) const {
      return std::ranges::any_of(blocked, [&](const auto& one) { return one.second == argument; });
    }

    [[nodiscard]] bool is_done() const { return next >= arguments.size(); }

    /// Makes this the next argument, or the first one after it that is not blocked.
    void go_to(std::size_t index) {
      next = index;
      while (!is_done() && is_blocked(arguments[next])) ++next;
    }

    std::mutex mutex;
    std::condition_variable changed;
    // Guarded by mutex:
    std::vector<Argument> arguments;
    std::vector<Result> results;              ///< one per argument
    std::size_t next = 0;                     ///< index of the argument of the current call
    std::size_t shift = 0;                    ///< of the current worker; earlier ones were relieved
    std::map<std::size_t, Argument> blocked;  ///< by shift: the call that has not returned
    bool is_closed = false;
  };

  [[nodiscard]] static Result result_or_none(const Function& function, const Argument& argument) {
    try {
      return function(argument);
    } catch (const std::exception&) {  // out of memory
      return {};
    }
  }

  /// Returns whether a worker is available; starts one if necessary. Requires desk_->mutex.
  [[nodiscard]] bool has_worker() {
    if (is_staffed_) return true;
    if (desk_->blocked.size() >= max_blocked_) return false;
    try {
      const BlockedSignals signals;
      std::thread(work, desk_, function_, desk_->shift).detach();
      is_staffed_ = true;
    } catch (const std::system_error&) {
      lacks_thread_ = true;
    }
    return is_staffed_;
  }

  /// Waits for all calls, since a change of threads costs more than most calls. Relieves a worker
  /// that gets no further for the timeout. If calls are merely slow, gives up the rest in the end.
  void wait_for_rest(std::unique_lock<std::mutex>& lock, int& waits_left) {
    const std::size_t called = desk_->next;
    desk_->changed.notify_all();
    const auto timeout = timeout_ / static_cast<int>(1 + desk_->blocked.size());
    desk_->changed.wait_for(lock, timeout, [&] { return desk_->is_done(); });
    if (desk_->is_done()) return;
    const bool is_blocked = desk_->next == called;
    if (!is_blocked && --waits_left > 0) return;
    desk_->blocked.emplace(desk_->shift++, desk_->arguments[desk_->next]);
    is_staffed_ = false;
    desk_->go_to(is_blocked ? called + 1 : desk_->arguments.size());
  }

  static void work(const std::shared_ptr<Desk>& desk, const Function& function, std::size_t shift) {
    std::unique_lock lock(desk->mutex);
    const auto is_relieved = [&] { return desk->is_closed || desk->shift != shift; };
    for (;;) {
      desk->changed.wait(lock, [&] { return is_relieved() || !desk->is_done(); });
      if (is_relieved()) break;
      const Argument argument = desk->arguments[desk->next];
      lock.unlock();
      Result result = result_or_none(function, argument);
      lock.lock();
      if (is_relieved()) break;
      desk->results[desk->next] = std::move(result);
      desk->go_to(desk->next + 1);
      if (desk->is_done()) desk->changed.notify_all();
    }
    desk->blocked.erase(shift);
  }

  static constexpr int max_waits_for_slow = 4;

  Function function_;
  std::chrono::milliseconds timeout_;
  std::size_t max_blocked_;
  std::shared_ptr<Desk> desk_;
  bool is_staffed_ = false;  ///< a worker is running that is not blocked
  bool lacks_thread_ = false;
};

}  // namespace provisr::daemon
