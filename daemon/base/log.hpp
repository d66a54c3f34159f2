#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace provisr::daemon {

enum class LogLevel { debug, info, warn, error };

/// Parses "debug", "info", "warn" or "error"; returns nullopt for anything else.
[[nodiscard]] std::optional<LogLevel> parse_log_level(std::string_view text);

enum class LogFormat {
  dated,    ///< 2025-01-27T10:30:45.123Z INFO my-app-1: started, pid 4711
  journal,  ///< <6>my-app-1: started, pid 4711, see sd-daemon(3): the journal adds the time
};

/// Formats a record as Log passes it to its sink, with a line break at the end.
[[nodiscard]] std::string format_record(LogLevel level, std::string_view message,
                                        std::chrono::system_clock::time_point time,
                                        LogFormat format = LogFormat::dated);

/// Marks each line of a text that is no record, such as an error of the command line, with the
/// level if the format has such marks.
[[nodiscard]] std::string format_lines(LogLevel level, std::string_view text, LogFormat format);

/// A destination of log records. Implementations are thread-safe and never block on a slow reader.
class LogSink {
 public:
  explicit LogSink(LogFormat format = LogFormat::dated) : format_(format) {}
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  /// Takes a record that ends in a line break.
  virtual void write(std::string record) noexcept = 0;

  /// Counts a record that could not be made because memory was short.
  virtual void count_lost() noexcept = 0;

  /// Returns how many records have been lost so far.
  [[nodiscard]] virtual std::uint64_t dropped() const noexcept = 0;

  /// The format of the records that it takes.
  [[nodiscard]] LogFormat format() const noexcept { return format_; }

 private:
  LogFormat format_;
};

/// A log of one-line records. It passes them to a sink, which must outlive the log. Escapes control
/// characters in messages. Thread-safe.
///
/// If memory is short, a record is lost and counted, so that the handler of a failure can log it.
/// This does not cover what its caller allocates for the arguments.
class Log {
 public:
  Log(LogLevel least, LogSink& sink) : least_(least), sink_(&sink) {}

  [[nodiscard]] bool enabled(LogLevel level) const noexcept { return level >= least_; }

  void write(LogLevel level, std::string_view message) const noexcept;

  [[nodiscard]] std::uint64_t dropped() const { return sink_->dropped(); }

  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const noexcept {
    log(LogLevel::debug, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const noexcept {
    log(LogLevel::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) const noexcept {
    log(LogLevel::warn, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const noexcept {
    log(LogLevel::error, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) const noexcept {
    if (enabled(level)) write_formatted(level, format, fmt::make_format_args(args...));
  }
  void write_formatted(LogLevel level, fmt::string_view format,
                       fmt::format_args args) const noexcept;

  LogLevel least_;
  LogSink* sink_;
};

}  // namespace provisr::daemon
