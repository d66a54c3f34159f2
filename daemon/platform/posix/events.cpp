#include "daemon/platform/events.hpp"

#include "daemon/platform/posix/announced_ends.hpp"
#include "daemon/platform/posix/signal_wait.hpp"
#include "daemon/platform/posix/wakeup_state.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <optional>
#include <signal.h>

namespace provisr::daemon {
namespace {

struct HandledSignal {
  int number;
  Events::Kind kind;
};

/// If several signals are pending, they are reported in this order.
/// SIGCONT: otherwise a wait that was stopped would continue for its remaining time.
constexpr auto handled_signals = std::to_array<HandledSignal>({
    {SIGTERM, Events::Kind::stop_requested},
    {SIGINT, Events::Kind::stop_requested},
    {SIGQUIT, Events::Kind::hand_over_requested},
    {SIGHUP, Events::Kind::hung_up},
    {SIGUSR1, Events::Kind::user_signal_1},
    {SIGUSR2, Events::Kind::user_signal_2},
    {SIGCHLD, Events::Kind::child_exited},
    {SIGCONT, Events::Kind::woken},
});

// Written by the signal handler, which can only access globals.
std::array<std::atomic<bool>, handled_signals.size()> has_come{};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void provisrd_on_signal(int number) {
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    if (handled_signals[i].number == number) has_come[i].store(true);
  }
}

struct SignalSetup {
  std::array<struct sigaction, handled_signals.size()> actions{};
  struct sigaction pipe_action {};
  sigset_t mask{};
  sigset_t while_waiting{};  ///< `mask` without the handled signals
};

SignalSetup before;  // the settings before the one Events object was created

void block_handled_signals() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const HandledSignal& signal : handled_signals) sigaddset(&handled, signal.number);
  pthread_sigmask(SIG_BLOCK, &handled, &before.mask);
  before.while_waiting = before.mask;
  for (const HandledSignal& signal : handled_signals) {
    sigdelset(&before.while_waiting, signal.number);
  }
}

void install_handlers() {
  struct sigaction handler {};
  handler.sa_handler = provisrd_on_signal;
  handler.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  sigfillset(&handler.sa_mask);
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    const int number = handled_signals[i].number;
    sigaction(number, nullptr, &before.actions[i]);
    const bool is_nohup = number == SIGHUP && before.actions[i].sa_handler == SIG_IGN;
    if (!is_nohup) sigaction(number, &handler, nullptr);
  }
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before.pipe_action);
}

/// Returns the first pending kind and clears all its signals.
[[nodiscard]] std::optional<Events::Kind> take_signal() {
  std::optional<Events::Kind> taken;
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    const Events::Kind kind = handled_signals[i].kind;
    if ((!taken || kind == *taken) && has_come[i].exchange(false)) taken = kind;
  }
  return taken;
}

}  // namespace

Events::Events() {
  block_handled_signals();
  install_handlers();
}

Events::~Events() {
  if (stays_) return;
  for (std::size_t i = 0; i < handled_signals.size(); ++i) {
    sigaction(handled_signals[i].number, &before.actions[i], nullptr);
  }
  sigaction(SIGPIPE, &before.pipe_action, nullptr);
  pthread_sigmask(SIG_SETMASK, &before.mask, nullptr);
  for (auto& flag : has_come) flag = false;
}

Events::Kind Events::wait_until(std::chrono::steady_clock::time_point deadline, Wakeup& wakeup) {
  while (true) {
    const auto now = std::chrono::steady_clock::now();
    // Also after the deadline, so that pending signals are handled first.
    const auto [is_woken, has_announced_end] = wait_for_signals(
        before.while_waiting, {wakeup.state().pipe.read_end.get(), announced_ends_descriptor()},
        std::max(deadline, now) - now);
    if (const auto signal = take_signal()) return *signal;
    if (has_announced_end) return Kind::child_exited;
    if (is_woken && wakeup.take()) return Kind::woken;
    if (deadline <= std::chrono::steady_clock::now()) return Kind::deadline;
  }
}

}  // namespace provisr::daemon
