#include "daemon/supervisor/pid_file.hpp"

#include "daemon/platform/new_file.hpp"
#include "daemon/platform/regular_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <memory>

namespace provisr::daemon {
namespace {

namespace fs = std::filesystem;

struct CloseFile {
  void operator()(std::FILE* file) const { static_cast<void>(std::fclose(file)); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view spaces = " \t\r";
  const std::size_t first = text.find_first_not_of(spaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

PidFile without_pid(std::string problem) {
  PidFile reading;
  reading.problem = std::move(problem);
  return reading;
}

std::string problem_of(const std::error_code& error) {
  if (error == std::errc::no_such_file_or_directory || error == std::errc::not_a_directory) {
    return "does not exist";
  }
  if (error == std::errc::not_supported) return "is not a regular file";
  return "cannot be read: " + error.message();
}

std::error_code write_text(const fs::path& file, const std::string& text) {
  // Exclusive creation never follows a link that another user has placed there.
  const File opened(create_new_file(file));
  if (!opened) return last_error();
  const bool written = std::fwrite(text.data(), 1, text.size(), opened.get()) == text.size() &&
                       std::fflush(opened.get()) == 0;
  return written ? std::error_code() : last_error();
}

}  // namespace

std::optional<ProcessId> parse_pid(std::string_view text) {
  const std::string_view digits = trimmed(text.substr(0, text.find('\n')));
  std::int32_t pid = 0;
  const char* const end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, pid);
  if (error != std::errc{} || rest != end || pid <= 0) return std::nullopt;
  return pid;
}

PidFile read_pid_file(const fs::path& file) {
  constexpr std::size_t most = 256;
  PidFile reading;
  std::error_code error;
  // Taken before the content: if the file is written in between, the next reading differs.
  reading.written_at = fs::last_write_time(file, error);
  const auto text = read_start_of_regular_file(file, most, error);
  if (!text) return without_pid(problem_of(error));
  reading.pid = parse_pid(*text);
  if (!reading.pid) reading.problem = "holds no PID";
  return reading;
}

PidFileAnswer look_at_pid_file(const PidFileQuestion& question) {
  PidFileAnswer answer;
  answer.stamp = stamp_of(question.file());  // before the content: a later write changes the stamp
  const bool is_known = answer.stamp && answer.stamp == question.known_stamp();
  if (!is_known) answer.reading = read_pid_file(question.file());
  return answer;
}

std::error_code write_pid_file(const fs::path& file, ProcessId pid) {
  fs::path draft = file;
  draft += ".new";
  std::error_code error;
  fs::remove(draft, error);  // left by a daemon that was killed
  error = write_text(draft, std::to_string(pid) + "\n");
  if (!error) fs::rename(draft, file, error);
  std::error_code ignored;
  if (error) fs::remove(draft, ignored);
  return error;
}

void remove_pid_file(const fs::path& file, ProcessId pid) {
  std::error_code ignored;
  if (read_pid_file(file).pid == pid) fs::remove(file, ignored);
}

}  // namespace provisr::daemon
