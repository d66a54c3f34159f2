#include "daemon/platform/linux/environments.hpp"

#include "daemon/platform/linux/proc_processes.hpp"
#include "lib/platform/linux/proc_directory.hpp"
#include "lib/platform/posix/file_descriptor.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <fcntl.h>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

namespace provisr::daemon {
namespace {

[[nodiscard]] bool is_ending(pid_t pid) {
  const auto stat = stat_of(pid);
  return !stat || stat->is_ending();
}

/// Returns nothing if the process has ended or may not be read.
[[nodiscard]] std::optional<std::string> read_once(const std::string& name) {
  const posix_platform::FileDescriptor file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && !linux_platform::says_shortage(errno)) return std::nullopt;
  std::string text;
  std::array<char, 4096> part{};
  while (file) {
    const ssize_t count = ::read(file.get(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
  return text;
}

/// Returns empty for a process of another user and for one that is ending. The file is also empty
/// for less than a millisecond while a process executes another program, so it is read again.
[[nodiscard]] std::string read_environment(pid_t pid) {
  constexpr int looks = 20;
  constexpr std::chrono::microseconds pause{100};
  const std::string file_name = "/proc/" + std::to_string(pid) + "/environ";
  std::optional<std::string> environment = read_once(file_name);
  for (int i = 1; i < looks && environment && environment->empty() && !is_ending(pid); ++i) {
    std::this_thread::sleep_for(pause);
    environment = read_once(file_name);
  }
  return std::move(environment).value_or("");
}

}  // namespace

Environments& environments() {
  constexpr std::chrono::milliseconds timeout{500};
  constexpr std::size_t max_blocked = 8;
  static Environments reader(read_environment, timeout, max_blocked);
  return reader;
}

}  // namespace provisr::daemon
