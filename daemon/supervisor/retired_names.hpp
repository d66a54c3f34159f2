#pragma once

#include <provisr/clock.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>

namespace provisr::daemon {

/// Names that are no longer in use, until their histories are dropped. Not thread-safe.
class RetiredNames {
 public:
  /// `ttl`: how long a name is kept. `forget` drops everything that is kept under a name.
  RetiredNames(std::chrono::nanoseconds ttl, std::function<void(const std::string& name)> forget);

  void set_ttl(std::chrono::nanoseconds ttl) { ttl_ = ttl; }

  /// Allows at least this many names that a `match` gave. Processes choose such names, so that
  /// their number must be bounded. The bound is never lowered: the names of removed rules are kept,
  /// too.
  void allow_matched(std::size_t count);

  /// Adds a name. Forgets the oldest one that a `match` gave if there are too many of them.
  void add(const std::string& name, MonotonicTime now, bool is_matched);

  /// Removes a name that is in use again.
  void take_back(const std::string& name);

  /// Forgets the names that have been kept long enough.
  void forget_expired(MonotonicTime now);

  /// Returns when forget_expired() has something to do; MonotonicTime::max() if there is no name.
  [[nodiscard]] MonotonicTime next_expiry() const;

 private:
  struct Retired {
    std::string name;
    MonotonicTime since;
    bool is_matched;
  };
  using Position = std::deque<Retired>::iterator;

  void forget(Position position);
  Position erase(Position position);

  std::chrono::nanoseconds ttl_;
  std::function<void(const std::string& name)> forget_;
  std::deque<Retired> names_;  ///< oldest first
  std::size_t allowed_matched_ = 0;
  std::size_t matched_ = 0;
};

}  // namespace provisr::daemon
