#include "daemon/platform/linux/kernel_log.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

/// How many records one call reads, so that a flood of them cannot block it.
constexpr int records_in_a_row = 4096;

[[nodiscard]] std::optional<int> number_at_start(std::string_view text) noexcept {
  int number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() ? std::optional(number) : std::nullopt;
}

/// The kernel's own records have the facility 0, which no program can write.
[[nodiscard]] bool is_by_kernel(std::string_view record) noexcept {
  constexpr int levels = 8;
  const auto priority = number_at_start(record);
  return priority && *priority < levels;
}

}  // namespace

std::optional<pid_t> oom_victim_in(std::string_view record) noexcept {
  const std::size_t header_end = record.find(';');
  if (header_end == std::string_view::npos || !is_by_kernel(record)) return std::nullopt;
  const std::string_view message = record.substr(header_end + 1);
  for (const std::string_view start :
       {"Memory cgroup out of memory: Killed process ", "Out of memory: Killed process ",
        "Out of memory (oom_kill_allocating_task): Killed process "}) {
    if (message.starts_with(start)) return number_at_start(message.substr(start.size()));
  }
  return std::nullopt;
}

KernelLog::KernelLog(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)) {
  static_cast<void>(::lseek(file_.get(), 0, SEEK_END));
}

std::vector<pid_t> KernelLog::take_oom_victims() {
  std::vector<pid_t> victims;
  std::array<char, 8192> record{};  // CONSOLE_EXT_LOG_MAX: no record is longer
  for (int count = 0; count < records_in_a_row; ++count) {
    const ssize_t size = ::read(file_.get(), record.data(), record.size());
    if (size < 0 && errno == EPIPE) continue;  // records were overwritten before they were read
    if (size <= 0) break;
    const auto victim = oom_victim_in({record.data(), static_cast<std::size_t>(size)});
    if (victim) victims.push_back(*victim);
  }
  return victims;
}

}  // namespace provisr::daemon
