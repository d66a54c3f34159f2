#pragma once

#include "daemon/http/answer.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Identifies one deferred answer of a server; never reused.
using Ticket = std::uint64_t;

/// A queue of answers that other threads have completed, for the server's thread.
///
/// Thread safety: all members may be called concurrently.
class CompletedAnswers {
 public:
  struct Entry {
    Ticket ticket;
    HttpAnswer answer;
  };

  /// `wake` asks the server's thread to call take(). It must neither block nor throw.
  explicit CompletedAnswers(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Drops the answer after close(), or if memory is short.
  void put(Ticket ticket, HttpAnswer answer) noexcept;

  [[nodiscard]] std::vector<Entry> take();

  /// Drops all answers, and from now on keeps none and wakes nobody.
  void close() noexcept;

 private:
  std::mutex mutex_;
  std::function<void()> wake_;  ///< guarded by mutex_; empty: closed
  std::vector<Entry> entries_;  ///< guarded by mutex_
};

}  // namespace provisr::daemon
