#include "daemon/base/log.hpp"

#include "daemon/base/text.hpp"
#include "daemon/base/timestamp.hpp"

#include <algorithm>
#include <exception>

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
    return format_lines(level, escape_controls(message) + "\n", format);
  }
  return fmt::format("{} {} {}\n", rfc3339(std::chrono::time_point_cast<Timestamp::duration>(time)),
                     label(level), escape_controls(message));
}

std::string format_lines(LogLevel level, std::string_view text, LogFormat format) {
  if (format == LogFormat::dated) return std::string(text);
  std::string marked;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    marked.append(journal_mark(level)).append(line);
    text.remove_prefix(line.size());
  }
  return marked;
}

void Log::write(LogLevel level, std::string_view message) const noexcept {
  if (!enabled(level)) return;
  try {
    sink_->write(format_record(level, message, std::chrono::system_clock::now(), sink_->format()));
  } catch (const std::exception&) {
    sink_->count_lost();
  }
}

void Log::write_formatted(LogLevel level, fmt::string_view format,
                          fmt::format_args args) const noexcept {
  try {
    write(level, fmt::vformat(format, args));
  } catch (const std::exception&) {
    sink_->count_lost();
  }
}

}  // namespace provisr::daemon
