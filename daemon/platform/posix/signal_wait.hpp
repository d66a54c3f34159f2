#pragma once

#include <array>
#include <chrono>
#include <signal.h>

namespace provisr::daemon {

/// Sleeps until a signal was handled or one of `readable` has input (-1: none), at most for
/// `longest`; may wake up earlier. Returns which of them have input; none if a signal was handled.
/// `mask` replaces the thread's signal mask only during the sleep.
/// A signal that is blocked otherwise can be handled only in here, so that none is lost between a
/// check and the sleep.
std::array<bool, 2> wait_for_signals(const sigset_t& mask, const std::array<int, 2>& readable,
                                     std::chrono::nanoseconds longest) noexcept;

}  // namespace provisr::daemon
