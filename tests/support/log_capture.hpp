#pragma once

#include "daemon/base/log.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisr::test {

/// A log that keeps its records in memory.
class LogCapture : private daemon::LogSink {
 public:
  explicit LogCapture(daemon::LogLevel least = daemon::LogLevel::debug) : log_(least, *this) {}

  [[nodiscard]] const daemon::Log& log() const { return log_; }

  /// Returns the records so far, without their line breaks.
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const std::string& line : lines()) all += line + "\n";
    return all;
  }

  /// Returns how many records contain `part`.
  [[nodiscard]] int count(std::string_view part) const {
    int records = 0;
    for (const std::string& line : lines()) {
      if (line.find(part) != std::string::npos) ++records;
    }
    return records;
  }

 private:
  void write(std::string record) noexcept override {
    const std::lock_guard lock(mutex_);
    if (record.ends_with('\n')) record.pop_back();
    lines_.push_back(std::move(record));
  }
  void count_lost() noexcept override { ++lost_; }
  [[nodiscard]] std::uint64_t dropped() const noexcept override { return lost_; }

  std::atomic<std::uint64_t> lost_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
  daemon::Log log_;
};

}  // namespace provisr::test
