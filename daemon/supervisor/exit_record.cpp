#include "daemon/supervisor/exit_record.hpp"

namespace provisr::daemon {

std::string_view to_text(ExitReason reason) {
  switch (reason) {
    case ExitReason::itself:
      return "itself";
    case ExitReason::stop:
      return "stop";
    case ExitReason::restart:
      return "restart";
    case ExitReason::reload:
      return "reload";
    case ExitReason::limit:
      return "limit";
    case ExitReason::shutdown:
      break;
  }
  return "shutdown";
}

}  // namespace provisr::daemon
