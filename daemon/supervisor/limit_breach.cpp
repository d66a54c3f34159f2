#include "daemon/supervisor/limit_breach.hpp"

namespace provisr::daemon {

std::string_view to_text(LimitFigure figure) {
  return figure == LimitFigure::memory ? "memory" : "cpu";
}

}  // namespace provisr::daemon
