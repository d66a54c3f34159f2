#include "daemon/platform/events.hpp"

#include "daemon/platform/posix/signal_wait.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <signal.h>

namespace provisr::daemon {
namespace {

constexpr std::array handled_signals{SIGCHLD, SIGTERM, SIGINT, SIGHUP};

// Written by signal handlers, which can reach globals only.
std::atomic<bool> child_exited = false;
std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void provisrd_on_signal(int number) {
  (number == SIGCHLD ? child_exited : stop_requested).store(true);
}

struct SignalSetup {
  std::array<struct sigaction, handled_signals.size()> actions{};
  struct sigaction pipe_action {};
  sigset_t mask{};
  sigset_t while_waiting{};  ///< `mask` without what is handled
};

SignalSetup before;  // what the one Events object found

void block_handled_signals() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int number : handled_signals) sigaddset(&handled, number);
  pthread_sigmask(SIG_BLOCK, &handled, &before.mask);
  before.while_waiting = before.mask;
  for (const int number : handled_signals) sigdelset(&before.while_waiting, number);
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

}  // namespace

Events::Events() {
  block_handled_signals();
  install_handlers();
}

Events::~Events() {
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    sigaction(handled_signals[i], &before.actions[i], nullptr);
  }
  sigaction(SIGPIPE, &before.pipe_action, nullptr);
  pthread_sigmask(SIG_SETMASK, &before.mask, nullptr);
  child_exited = false;
  stop_requested = false;
}

Events::Kind Events::wait_until(std::chrono::steady_clock::time_point deadline) {
  while (true) {
    if (stop_requested.exchange(false)) return Kind::stop_requested;
    if (child_exited.exchange(false)) return Kind::child_exited;
    const auto now = std::chrono::steady_clock::now();
    const bool is_over = deadline <= now;
    // Even past the deadline: pending signals are handled first.
    wait_for_signals(before.while_waiting, std::max(deadline, now) - now);
    if (is_over && !stop_requested && !child_exited) return Kind::deadline;
  }
}

}  // namespace provisr::daemon
