#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {

enum class LogLevel { debug, info, warn, error };

/// "debug", "info", "warn", "error"; empty for anything else.
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

/// The record that Log writes, with its line end.
[[nodiscard]] std::string format_record(LogLevel level, std::string_view message,
                                        std::chrono::system_clock::time_point time);

/// Writes one-line records to standard error (or to another unbuffered stream):
/// `2025-01-27T10:30:45.123Z INFO my-app-1: started, pid 4711`.
/// Line breaks and other control characters in a message are escaped, so that a record
/// always is one line. Each record is one write: records of several threads do not mix.
/// Thread-safe.
class Log {
 public:
  explicit Log(LogLevel least = LogLevel::info, std::FILE* stream = stderr)
      : least_(least), stream_(stream) {}

  [[nodiscard]] bool enabled(LogLevel level) const { return level >= least_; }

  void write(LogLevel level, std::string_view message) const;

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    log(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const {
    if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }

  LogLevel least_;
  std::FILE* stream_;
};

}  // namespace provisr::daemon
