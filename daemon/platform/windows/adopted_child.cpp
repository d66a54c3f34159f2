#include "daemon/platform/adopted_child.hpp"

namespace provisr::daemon {

std::string obstacle_to_adoption() {
  return "needs Linux 5.3 or later (pidfd_open(2))";
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
