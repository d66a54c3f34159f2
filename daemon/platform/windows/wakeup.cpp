#include "daemon/platform/wakeup.hpp"

#include "daemon/platform/windows/wakeup_state.hpp"

#include <system_error>

namespace provisr::daemon {

Wakeup::Wakeup() : state_(std::make_unique<State>()) {
  state_->event = windows_platform::Handle(CreateEventW(nullptr, TRUE, FALSE, nullptr));
  if (!state_->event) {
    throw std::system_error(static_cast<int>(GetLastError()), std::system_category(),
                            "cannot make an event");
  }
}

Wakeup::~Wakeup() = default;

void Wakeup::wake() noexcept {
  SetEvent(state_->event.get());
}

bool Wakeup::take() noexcept {
  if (WaitForSingleObject(state_->event.get(), 0) != WAIT_OBJECT_0) return false;
  return ResetEvent(state_->event.get()) != 0;
}

}  // namespace provisr::daemon
