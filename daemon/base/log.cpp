#include "daemon/base/log.hpp"

#include "daemon/base/text.hpp"
#include "daemon/base/timestamp.hpp"

namespace provisr::daemon {
namespace {

std::string_view label(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "DEBUG";
    case LogLevel::info:
      return "INFO";
    case LogLevel::warn:
      return "WARN";
    case LogLevel::error:
      return "ERROR";
  }
  return "ERROR";
}

/// As syslog(3) numbers the levels.
std::string_view journal_mark(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "<7>";
    case LogLevel::info:
      return "<6>";
    case LogLevel::warn:
      return "<4>";
    case LogLevel::error:
      return "<3>";
  }
  return "<3>";
}

}  // namespace

std::optional<LogLevel> parse_log_level(std::string_view text) {
  if (text == "debug") return LogLevel::debug;
  if (text == "info") return LogLevel::info;
  if (text == "warn") return LogLevel::warn;
  if (text == "error") return LogLevel::error;
  return std::nullopt;
}

std::string format_record(LogLevel level, std::string_view message,
                          std::chrono::system_clock::time_point time, LogFormat format) {
  if (format == LogFormat::journal) {
    return format_line(level, escape_controls(message) + "\n", format);
  }
  return fmt::format("{} {} {}\n", rfc3339(std::chrono::time_point_cast<Timestamp::duration>(time)),
                     label(level), escape_controls(message));
}

std::string format_line(LogLevel level, std::string_view text, LogFormat format) {
  return fmt::format("{}{}", format == LogFormat::journal ? journal_mark(level) : "", text);
}

void Log::write(LogLevel level, std::string_view message) const {
  if (!enabled(level)) return;
  sink_->write(format_record(level, message, std::chrono::system_clock::now(), sink_->format()));
}

}  // namespace provisr::daemon
