#include "bench/support/naive_process.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <map>
#include <string>
#include <unistd.h>

namespace provisr::bench {
namespace {

[[nodiscard]] std::string read_file(const std::string& path) {
  char text[4096];
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  const ssize_t length = ::read(file, text, sizeof text);
  ::close(file);
  return length > 0 ? std::string(text, static_cast<std::size_t>(length)) : std::string();
}

[[nodiscard]] std::uint32_t count_files(const std::string& path) {
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return 0;
  std::uint32_t count = 0;
  while (::readdir(directory) != nullptr) ++count;
  ::closedir(directory);
  return count - 2;
}

void parse_stat(const std::string& text, ProcessReading& reading) {
  const char* const after_name = std::strrchr(text.c_str(), ')');
  unsigned long user = 0;
  unsigned long system = 0;
  unsigned threads = 0;
  if (after_name != nullptr &&
      std::sscanf(after_name + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %u", &user,
                  &system, &threads) == 3) {
    reading.cpu_time_ns = (user + system) * 10'000'000U;
    reading.num_threads = threads;
  }
}

void parse_statm(const std::string& text, ProcessReading& reading) {
  unsigned long size = 0;
  unsigned long resident = 0;
  if (std::sscanf(text.c_str(), "%lu %lu", &size, &resident) == 2) {
    reading.memory_vms_bytes = size * 4096U;
    reading.memory_rss_bytes = resident * 4096U;
  }
}

void parse_status(const std::string& text, ProcessReading& reading) {
  const char* const line = std::strstr(text.c_str(), "VmSwap:");
  unsigned long kibibytes = 0;
  if (line != nullptr && std::sscanf(line, "VmSwap: %lu", &kibibytes) == 1) {
    reading.memory_swap_bytes = kibibytes * 1024U;
  }
}

[[nodiscard]] std::multimap<pid_t, pid_t> children_of_all() {
  std::multimap<pid_t, pid_t> children;
  DIR* const directory = ::opendir("/proc");
  if (directory == nullptr) return children;
  while (const dirent* const entry = ::readdir(directory)) {
    const pid_t pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    const char* const after_name = std::strrchr(stat.c_str(), ')');
    int parent = 0;
    if (after_name != nullptr && std::sscanf(after_name + 1, " %*c %d", &parent) == 1) {
      children.emplace(parent, pid);
    }
  }
  ::closedir(directory);
  return children;
}

}  // namespace

std::vector<pid_t> find_tree_naively(pid_t leader) {
  const std::multimap<pid_t, pid_t> children = children_of_all();
  std::vector<pid_t> members{leader};
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto [first, last] = children.equal_range(members[i]);
    for (auto child = first; child != last; ++child) members.push_back(child->second);
  }
  return members;
}

std::optional<ProcessReading> read_naively(pid_t pid) {
  const std::string directory = "/proc/" + std::to_string(pid);
  const std::string stat = read_file(directory + "/stat");
  if (stat.empty()) return std::nullopt;
  ProcessReading reading;
  parse_stat(stat, reading);
  parse_statm(read_file(directory + "/statm"), reading);
  parse_status(read_file(directory + "/status"), reading);
  reading.num_fds = count_files(directory + "/fd");
  return reading;
}

}  // namespace provisr::bench
