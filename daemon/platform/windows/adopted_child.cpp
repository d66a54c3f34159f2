#include "daemon/platform/adopted_child.hpp"

namespace provisr::daemon {

bool can_adopt_children() noexcept {
  return false;
}

std::unique_ptr<ChildProcess> adopt_child(const ProcessIdentity& /*identity*/,
                                          std::string_view /*launch_id*/) {
  return nullptr;
}

std::unique_ptr<ChildProcess> adopt_leftovers(const ProcessIdentity& /*leader*/,
                                              std::string_view /*launch_id*/) {
  return nullptr;
}

}  // namespace provisr::daemon
