#pragma once

#include "daemon/supervisor/exit_record.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::daemon {

/// How often the processes of a name have ended, by how.
struct ExitCounts {
  std::uint64_t success = 0;
  std::uint64_t exit_code = 0;  ///< another than 0
  std::uint64_t signal = 0;

  /// Ends whose status the system does not tell do not count.
  void count(const std::optional<ExitStatus>& status) noexcept;

  friend bool operator==(const ExitCounts&, const ExitCounts&) = default;
};

/// The latest ends of all processes, and how many there were. Thread-safe.
class ExitLog {
 public:
  static constexpr std::size_t default_capacity = 1000;
  using Observer = std::function<void(const ExitRecord&)>;

  /// Keeps at most `capacity` records, at least 1. The observer is told of each within add().
  explicit ExitLog(std::size_t capacity = default_capacity, Observer observer = {})
      : capacity_(capacity), observer_(std::move(observer)) {}

  void add(ExitRecord record);

  using Counts = std::map<std::string, ExitCounts>;

  /// Adds what an earlier daemon has recorded, oldest first, and has counted. Tells nobody.
  void restore(std::vector<ExitRecord> records, Counts counts);

  using Records = std::vector<std::shared_ptr<const ExitRecord>>;

  /// The kept ends from `since` on, the newest first; with a `name`, its own only.
  [[nodiscard]] Records find(std::string_view name = {}, Timestamp since = {}) const;

  /// By name, of all that ever ended in a known way.
  [[nodiscard]] Counts counts() const;

  /// Forgets the counts of a name, not its records.
  void forget_counts(const std::string& name);

 private:
  std::size_t capacity_;
  Observer observer_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const ExitRecord>> records_;  ///< the newest last
  Counts counts_;
};

}  // namespace provisr::daemon
