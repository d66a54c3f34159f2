#pragma once

#include <array>
#include <chrono>
#include <signal.h>

namespace provisr::daemon {

/// Sleeps until a signal has been handled or one of `readable` has input (-1: none), at most for
/// `longest`; may wake up earlier. `mask` is the thread's signal mask meanwhile and no longer: a
/// signal that is blocked before and after is handled in here or not at all, so that none can slip
/// in between a look and the sleep.
void wait_for_signals(const sigset_t& mask, const std::array<int, 2>& readable,
                      std::chrono::nanoseconds longest) noexcept;

}  // namespace provisr::daemon
