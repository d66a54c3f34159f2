#include "bench/support/bare_process.hpp"

#include <fcntl.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace provisr::bench {
namespace {

[[nodiscard]] std::string directory_of(pid_t pid) {
  return "/proc/" + std::to_string(pid);
}

}  // namespace

BareProcess::BareProcess(pid_t pid) {
  const std::string directory = directory_of(pid);
  ::clock_getcpuclockid(pid, &cpu_clock_);
  statm_ = ::open((directory + "/statm").c_str(), O_RDONLY | O_CLOEXEC);
  task_ = ::open((directory + "/task").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  fd_ = ::open((directory + "/fd").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (statm_ < 0 || task_ < 0 || fd_ < 0) throw std::runtime_error("cannot open " + directory);
}

BareProcess::BareProcess(BareProcess&& other) noexcept
    : cpu_clock_(other.cpu_clock_),
      statm_(std::exchange(other.statm_, -1)),
      task_(std::exchange(other.task_, -1)),
      fd_(std::exchange(other.fd_, -1)) {}

BareProcess::~BareProcess() {
  for (const int descriptor : {statm_, task_, fd_}) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

std::uint64_t BareProcess::read() const noexcept {
  timespec cpu_time;
  ::clock_gettime(cpu_clock_, &cpu_time);
  char text[128];
  const ssize_t length = ::pread(statm_, text, sizeof text, 0);
  struct stat task;
  ::fstat(task_, &task);
  struct stat fd;
  ::fstat(fd_, &fd);
  return static_cast<std::uint64_t>(cpu_time.tv_nsec + length + fd.st_size) + task.st_nlink;
}

std::uint64_t identify_bare(pid_t pid) noexcept {
  clockid_t cpu_clock{};
  ::clock_getcpuclockid(pid, &cpu_clock);
  const int file = ::open((directory_of(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  char text[1024];
  const ssize_t length = ::read(file, text, sizeof text);
  struct stat status;
  ::fstat(file, &status);
  ::close(file);
  return static_cast<std::uint64_t>(length) + status.st_ino;
}

BarePath::BarePath(pid_t pid)
    : statm_(directory_of(pid) + "/statm"),
      task_(directory_of(pid) + "/task"),
      fd_(directory_of(pid) + "/fd") {
  ::clock_getcpuclockid(pid, &cpu_clock_);
}

std::uint64_t BarePath::read() const noexcept {
  timespec cpu_time;
  ::clock_gettime(cpu_clock_, &cpu_time);
  char text[128];
  const int statm = ::open(statm_.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t length = ::read(statm, text, sizeof text);
  ::close(statm);
  struct stat task;
  ::stat(task_.c_str(), &task);
  struct stat fd;
  ::stat(fd_.c_str(), &fd);
  return static_cast<std::uint64_t>(cpu_time.tv_nsec + length + fd.st_size) + task.st_nlink;
}

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace provisr::bench
