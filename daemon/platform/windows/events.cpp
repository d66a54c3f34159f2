#include "daemon/platform/events.hpp"

#include "daemon/platform/windows/child_exits.hpp"
#include "daemon/platform/windows/wakeup_state.hpp"

#include <algorithm>
#include <array>

namespace provisr::daemon {
namespace {

[[nodiscard]] HANDLE stop_event() noexcept {
  static const HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
  return event;
}

/// The system calls this on another thread.
BOOL WINAPI on_console_event(DWORD kind) {
  SetEvent(stop_event());
  const bool ends_when_answered =
      kind == CTRL_CLOSE_EVENT || kind == CTRL_LOGOFF_EVENT || kind == CTRL_SHUTDOWN_EVENT;
  // Windows ends the program when this handler returns, or after some seconds. The main thread uses
  // that time to stop the children.
  if (ends_when_answered) Sleep(INFINITE);
  return TRUE;
}

DWORD milliseconds_until(std::chrono::steady_clock::time_point deadline) {
  using namespace std::chrono;
  constexpr milliseconds longest{INFINITE - 1};
  const auto now = steady_clock::now();
  if (deadline <= now) return 0;
  // Rounding up the largest time point would overflow.
  const auto wait = duration_cast<milliseconds>(deadline - now);
  return static_cast<DWORD>(std::min(wait, longest - milliseconds(1)).count() + 1);
}

}  // namespace

Events::Events() {
  ResetEvent(stop_event());
  ResetEvent(child_exit_event());
  // A daemon started in its own process group ignores Ctrl-C until it enables it.
  SetConsoleCtrlHandler(nullptr, FALSE);
  SetConsoleCtrlHandler(on_console_event, TRUE);
}

Events::~Events() {
  if (!stays_) SetConsoleCtrlHandler(on_console_event, FALSE);
}

Events::Kind Events::wait_until(std::chrono::steady_clock::time_point deadline, Wakeup& wakeup) {
  const std::array<HANDLE, 3> events{stop_event(), child_exit_event(), wakeup.state().event.get()};
  while (true) {
    const DWORD timeout_ms = milliseconds_until(deadline);
    // If several events are set, the first in the list is reported.
    switch (WaitForMultipleObjects(events.size(), events.data(), FALSE, timeout_ms)) {
      case WAIT_OBJECT_0:
        return Kind::stop_requested;
      case WAIT_OBJECT_0 + 1:
        return Kind::child_exited;
      case WAIT_OBJECT_0 + 2:
        if (wakeup.take()) return Kind::woken;
        break;
      default:
        if (deadline <= std::chrono::steady_clock::now()) return Kind::deadline;
        break;
    }
  }
}

}  // namespace provisr::daemon
