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

/// Reads by a function that may block for long, such as one that reads a file of a file system that
/// hangs, on a worker thread. If a read takes longer than the timeout, another worker goes on with
/// the next key, and the key that blocks is skipped until its read has returned. The timeout
/// shrinks with the number of blocked workers, so that many of them cost the caller little more
/// than a few. If the limit of blocked workers is reached, nothing is read until one returns.
///
/// Not thread-safe; belongs to one thread.
template <class Key, class Value>
class PatientReader {
 public:
  using Read = std::function<Value(const Key& key)>;

  /// `read` is called on worker threads, and may still run when this object is gone.
  PatientReader(Read read, std::chrono::milliseconds timeout, std::size_t max_blocked)
      : read_(std::move(read)),
        timeout_(timeout),
        max_blocked_(max_blocked),
        desk_(std::make_shared<Desk>()) {}

  ~PatientReader() {
    const std::lock_guard lock(desk_->mutex);
    desk_->is_closed = true;
    desk_->changed.notify_all();
  }
  PatientReader(const PatientReader&) = delete;
  PatientReader& operator=(const PatientReader&) = delete;

  /// Returns a value for each key, in their order; the default value for one whose read blocks or
  /// throws.
  [[nodiscard]] std::vector<Value> of(const std::vector<Key>& keys) {
    std::vector<Value> values(keys.size());
    std::unique_lock lock(desk_->mutex);
    std::vector<std::size_t> asked;
    desk_->keys.clear();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (desk_->is_blocked(keys[i])) continue;
      asked.push_back(i);
      desk_->keys.push_back(keys[i]);
    }
    desk_->values.assign(asked.size(), {});
    desk_->next = 0;
    while (desk_->next < asked.size() && has_worker()) wait_for_next(lock);
    for (std::size_t i = 0; i < asked.size(); ++i) values[asked[i]] = std::move(desk_->values[i]);
    desk_->keys.clear();
    return values;
  }

  [[nodiscard]] Value of(const Key& key) { return std::move(of(std::vector{key}).front()); }

 private:
  /// State shared by the threads; kept alive by workers that are blocked.
  struct Desk {
    [[nodiscard]] bool is_blocked(const Key& key) const {
      return std::ranges::any_of(blocked, [&](const auto& one) { return one.second == key; });
    }

    std::mutex mutex;
    std::condition_variable changed;
    // Guarded by mutex:
    std::vector<Key> keys;
    std::vector<Value> values;           ///< values of the keys before `next`
    std::size_t next = 0;                ///< index of the key being read
    std::size_t shift = 0;               ///< of the current worker; earlier ones were relieved
    std::map<std::size_t, Key> blocked;  ///< by shift: the key whose read has not returned
    bool is_closed = false;
  };

  [[nodiscard]] static Value read_or_nothing(const Read& read, const Key& key) {
    try {
      return read(key);
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
      std::thread(work, desk_, read_, desk_->shift).detach();
      is_staffed_ = true;
    } catch (const std::system_error&) {  // no thread is available
    }
    return is_staffed_;
  }

  /// Relieves a worker that takes too long.
  void wait_for_next(std::unique_lock<std::mutex>& lock) {
    const std::size_t read = desk_->next;
    desk_->changed.notify_all();
    const auto timeout = timeout_ / static_cast<int>(1 + desk_->blocked.size());
    if (desk_->changed.wait_for(lock, timeout, [&] { return desk_->next != read; })) return;
    desk_->blocked.emplace(desk_->shift++, desk_->keys[read]);
    is_staffed_ = false;
    ++desk_->next;
  }

  static void work(const std::shared_ptr<Desk>& desk, const Read& read, std::size_t shift) {
    std::unique_lock lock(desk->mutex);
    const auto is_relieved = [&] { return desk->is_closed || desk->shift != shift; };
    for (;;) {
      desk->changed.wait(lock, [&] { return is_relieved() || desk->next < desk->keys.size(); });
      if (is_relieved()) break;
      const Key key = desk->keys[desk->next];
      lock.unlock();
      Value value = read_or_nothing(read, key);
      lock.lock();
      if (is_relieved()) break;
      desk->values[desk->next++] = std::move(value);
      desk->changed.notify_all();
    }
    desk->blocked.erase(shift);
  }

  Read read_;
  std::chrono::milliseconds timeout_;
  std::size_t max_blocked_;
  std::shared_ptr<Desk> desk_;
  bool is_staffed_ = false;  ///< a worker is running that is not blocked
};

}  // namespace provisr::daemon
