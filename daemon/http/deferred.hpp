#pragma once

#include "daemon/http/answer.hpp"

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// Names one deferred answer of a server; never used twice.
using Ticket = std::uint64_t;

/// Answers that other threads have completed, until the server's thread takes them.
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

  /// Drops the answer if there is no memory for it, or after close().
  void put(Ticket ticket, HttpAnswer answer) noexcept;

  [[nodiscard]] std::vector<Entry> take();

  /// From now on, nothing is kept and nobody is woken.
  void close() noexcept;

 private:
  std::mutex mutex_;
  std::function<void()> wake_;  ///< guarded by mutex_; empty: closed
  std::vector<Entry> entries_;  ///< guarded by mutex_
};

}  // namespace provisr::daemon
