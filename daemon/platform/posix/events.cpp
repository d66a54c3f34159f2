#include "daemon/events.hpp"

#include "daemon/platform/posix/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <signal.h>
#include <system_error>
#include <unistd.h>

namespace provisr::daemon {
namespace {

constexpr std::array handled_signals{SIGCHLD, SIGTERM, SIGINT, SIGHUP};

// Written by signal handlers, which know nothing but globals.
std::atomic<bool> child_exited = false;
std::atomic<bool> stop_requested = false;
std::atomic<int> wake_up_descriptor = -1;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

extern "C" void provisrd_on_signal(int number) {
  const int before = errno;
  (number == SIGCHLD ? child_exited : stop_requested).store(true);
  constexpr char byte = 0;
  // A full pipe wakes as well.
  static_cast<void>(!write(wake_up_descriptor.load(), &byte, 1));
  errno = before;
}

struct SignalSetup {
  Pipe pipe;
  std::array<struct sigaction, handled_signals.size()> actions{};
  struct sigaction pipe_action {};
  sigset_t handled{};
  sigset_t mask{};
};

SignalSetup before;  // what the one Events object found, and its pipe

void make_wake_up_pipe() {
  before.pipe = make_pipe();
  if (!before.pipe.write_end) {
    throw std::system_error(errno, std::generic_category(), "cannot create a pipe");
  }
  for (const UniqueFd* end : {&before.pipe.read_end, &before.pipe.write_end}) {
    fcntl(end->get(), F_SETFL, O_NONBLOCK);
  }
  wake_up_descriptor = before.pipe.write_end.get();
}

void block_handled_signals() {
  sigemptyset(&before.handled);
  for (const int number : handled_signals) sigaddset(&before.handled, number);
  pthread_sigmask(SIG_BLOCK, &before.handled, &before.mask);
}

void install_handlers() {
  struct sigaction handler {};
  handler.sa_handler = provisrd_on_signal;
  handler.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  sigfillset(&handler.sa_mask);
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    sigaction(handled_signals[i], nullptr, &before.actions[i]);
    const bool is_nohup = handled_signals[i] == SIGHUP && before.actions[i].sa_handler == SIG_IGN;
    if (!is_nohup) sigaction(handled_signals[i], &handler, nullptr);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before.pipe_action);
}

int milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  using namespace std::chrono;
  const auto now = steady_clock::now();
  if (deadline <= now) return 0;
  const auto wait = ceil<milliseconds>(deadline - now).count();
  return static_cast<int>(std::min<decltype(wait)>(wait, std::numeric_limits<int>::max()));
}

void wait_for_signal(int timeout_ms) {
  pollfd wake_up{before.pipe.read_end.get(), POLLIN, 0};
  pthread_sigmask(SIG_UNBLOCK, &before.handled, nullptr);
  poll(&wake_up, 1, timeout_ms);
  pthread_sigmask(SIG_BLOCK, &before.handled, nullptr);
  std::array<char, 64> bytes{};
  while (read(before.pipe.read_end.get(), bytes.data(), bytes.size()) > 0) {
  }
}

}  // namespace

Events::Events() {
  make_wake_up_pipe();
  block_handled_signals();
  install_handlers();
}

Events::~Events() {
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    sigaction(handled_signals[i], &before.actions[i], nullptr);
  }
  sigaction(SIGPIPE, &before.pipe_action, nullptr);
  pthread_sigmask(SIG_SETMASK, &before.mask, nullptr);
  wake_up_descriptor = -1;
  before.pipe = {};
  child_exited = false;
  stop_requested = false;
}

Events::Kind Events::wait_until(std::chrono::steady_clock::time_point deadline) {
  while (true) {
    if (stop_requested.exchange(false)) return Kind::stop_requested;
    if (child_exited.exchange(false)) return Kind::child_exited;
    const int timeout_ms = milliseconds_until(deadline);
    wait_for_signal(timeout_ms);
    const bool is_over = timeout_ms == 0 && !stop_requested && !child_exited;
    if (is_over) return Kind::deadline;
  }
}

}  // namespace provisr::daemon
