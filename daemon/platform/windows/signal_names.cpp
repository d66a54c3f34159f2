#include "daemon/platform/signal_names.hpp"

namespace provisr::daemon {

std::optional<int> signal_number(std::string_view name) {
  if (name == "TERM" || name == "SIGTERM") return default_stop_signal;  // sent as Ctrl-Break
  return std::nullopt;
}

std::string signal_names() {
  return "TERM";
}

}  // namespace provisr::daemon
