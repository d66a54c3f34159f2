#include "daemon/supervisor/orphan_inbox.hpp"

#include <cstddef>
#include <new>
#include <utility>

namespace provisr::daemon {

void OrphanInbox::put(Orphan orphan) noexcept {
  constexpr std::size_t most = 8192;
  const std::lock_guard lock(mutex_);
  if (orphans_.size() >= most) return;
  try {
    orphans_.push_back(orphan);
  } catch (const std::bad_alloc&) {  // the figures of its tree lack it
  }
}

std::vector<OrphanInbox::Orphan> OrphanInbox::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(orphans_, {});
}

}  // namespace provisr::daemon
