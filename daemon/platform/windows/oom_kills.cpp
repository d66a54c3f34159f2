#include "daemon/platform/oom_kills.hpp"

namespace provisr::daemon {

void check_for_oom_kills() {}

}  // namespace provisr::daemon
