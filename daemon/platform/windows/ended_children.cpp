#include "daemon/platform/ended_children.hpp"

#include "daemon/platform/windows/child_exits.hpp"

#include <deque>
#include <mutex>

namespace provisr::daemon {
namespace {

/// A queue of ended children, filled when the system reports an end.
class WindowsEndedChildren final : public EndedChildren {
 public:
  void add(DWORD pid) {
    const std::lock_guard lock(mutex_);
    pids_.push_back(pid);
  }

  [[nodiscard]] std::optional<ProcessId> next() override {
    const std::lock_guard lock(mutex_);
    if (pids_.empty()) return std::nullopt;
    const DWORD pid = pids_.front();
    pids_.pop_front();
    return static_cast<ProcessId>(pid);
  }

  void reap(ProcessId /*pid*/) override {}

 private:
  std::mutex mutex_;
  std::deque<DWORD> pids_;
};

[[nodiscard]] WindowsEndedChildren& ended_children() {
  static WindowsEndedChildren children;
  return children;
}

}  // namespace

HANDLE child_exit_event() noexcept {
  static const HANDLE event = CreateEventW(nullptr, FALSE, FALSE, nullptr);
  return event;
}

void note_child_exit(DWORD pid) noexcept {
  ended_children().add(pid);
  SetEvent(child_exit_event());
}

EndedChildren& EndedChildren::system() {
  return ended_children();
}

void adopt_orphans() {}

}  // namespace provisr::daemon
