#include "lib/platform/linux/swap_watch.hpp"

#include <sys/sysinfo.h>

namespace provisr::linux_platform {

void SwapWatch::begin_tick(TimePoint now) noexcept {
  now_ = now;
  const bool may_stand = known_ == SwapUse::no_swap && now - asked_at_ < max_age_of_no_swap;
  if (!may_stand) known_.reset();
}

bool SwapWatch::is_used() noexcept {
  if (!known_) {
    known_ = ask_();
    asked_at_ = now_;
  }
  return known_ == SwapUse::some;
}

SwapUse SwapWatch::ask_system() noexcept {
  struct sysinfo info {};
  if (::sysinfo(&info) != 0) return SwapUse::some;
  if (info.totalswap == 0) return SwapUse::no_swap;
  return info.freeswap < info.totalswap ? SwapUse::some : SwapUse::none;
}

}  // namespace provisr::linux_platform
