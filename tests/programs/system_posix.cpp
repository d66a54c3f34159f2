#include "system.hpp"

#include <cerrno>
#include <fcntl.h>
#include <signal.h>
#include <system_error>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace provisr::child {

namespace {

void check(bool succeeded, const char* what) {
  if (!succeeded) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::chrono::nanoseconds cpu_time() {
  timespec used{};
  check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0, "clock_gettime");
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

void ignore_requests_to_end() {
  for (const int signal_number : {SIGTERM, SIGINT, SIGHUP}) {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    check(sigaction(signal_number, &ignore, nullptr) == 0, "sigaction");
  }
}

void open_descriptor() {
  check(open("/dev/null", O_RDONLY) >= 0, "open /dev/null");
}

long start_sleeping_copy(std::chrono::seconds lifetime) {
  const pid_t pid = fork();
  check(pid >= 0, "fork");
  if (pid == 0) {
    std::this_thread::sleep_for(lifetime);
    _exit(0);
  }
  return pid;
}

}  // namespace provisr::child
