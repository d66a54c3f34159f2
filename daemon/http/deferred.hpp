#pragma once

#include "daemon/http/answer.hpp"

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace provisr::daemon {

/// Identifies one deferred answer of a server; never reused.
using Ticket = std::uint64_t;

/// A queue of answers that other threads have completed, for the server's thread.
///
/// Thread safety: all members may be called concurrently.
class CompletedAnswers : public std::enable_shared_from_this<CompletedAnswers> {
 public:
  struct Entry {
    Ticket ticket;
    std::optional<HttpAnswer> answer;  ///< empty: it could not be made
  };
  using Entries = std::list<Entry>;

  /// `wake` asks the server's thread to call take(). It must neither block nor throw.
  explicit CompletedAnswers(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// Returns what completes the answer of this ticket. It may outlive this object; then, and after
  /// close(), it does nothing. It has all the memory that it needs.
  [[nodiscard]] HttpCompletion completion_of(Ticket ticket);

  [[nodiscard]] Entries take();

  /// Drops all answers, and from now on keeps none and wakes nobody.
  void close() noexcept;

 private:
  void put(Entries& entry, std::optional<HttpAnswer> answer) noexcept;

  std::mutex mutex_;
  std::function<void()> wake_;  ///< guarded by mutex_; empty: closed
  Entries entries_;             ///< guarded by mutex_
};

}  // namespace provisr::daemon
