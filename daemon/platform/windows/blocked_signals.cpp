#include "daemon/platform/blocked_signals.hpp"

namespace provisr::daemon {

struct BlockedSignals::Mask {};

BlockedSignals::BlockedSignals() = default;
BlockedSignals::~BlockedSignals() = default;

}  // namespace provisr::daemon
