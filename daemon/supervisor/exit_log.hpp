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

/// How often the processes of a name have ended, by kind of end.
struct ExitCounts {
  std::uint64_t success = 0;
  std::uint64_t exit_code = 0;  ///< other than 0
  std::uint64_t signal = 0;

  /// Counts one end; ignores it if its status is not known.
  void count(const std::optional<ExitStatus>& status) noexcept;

  friend bool operator==(const ExitCounts&, const ExitCounts&) = default;
};

/// The latest exit records of all processes, and the number of ends by name. Thread-safe.
class ExitLog {
 public:
  static constexpr std::size_t default_capacity = 1000;
  using Observer = std::function<void(const ExitRecord&)>;

  /// Keeps at most `capacity` records, at least 1. add() calls `observer` with each record.
  explicit ExitLog(std::size_t capacity = default_capacity, Observer observer = {})
      : capacity_(capacity), observer_(std::move(observer)) {}

  void add(ExitRecord record);

  using Counts = std::map<std::string, ExitCounts>;

  /// Adds the records (oldest first) and counts of an earlier daemon, without calling the observer.
  void restore(std::vector<ExitRecord> records, Counts counts);

  using Records = std::vector<std::shared_ptr<const ExitRecord>>;

  /// Returns the kept records from `since` on, newest first; only those of `name` if not empty.
  [[nodiscard]] Records find(std::string_view name = {}, Timestamp since = {}) const;

  /// Returns the counts by name of all ends whose status is known.
  [[nodiscard]] Counts counts() const;

  /// Forgets the counts of a name; keeps its records.
  void forget_counts(const std::string& name);

 private:
  std::size_t capacity_;
  Observer observer_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<const ExitRecord>> records_;  ///< the newest last
  Counts counts_;
};

}  // namespace provisr::daemon
