#include "daemon/platform/signal_names.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <signal.h>
#include <utility>

namespace provisr::daemon {
namespace {

static_assert(default_stop_signal == SIGTERM);

constexpr auto signals = std::to_array<std::pair<std::string_view, int>>({
    {"ABRT", SIGABRT},
    {"ALRM", SIGALRM},
    {"HUP", SIGHUP},
    {"INT", SIGINT},
    {"KILL", SIGKILL},
    {"QUIT", SIGQUIT},
    {"TERM", SIGTERM},
    {"USR1", SIGUSR1},
    {"USR2", SIGUSR2},
    {"WINCH", SIGWINCH},
});

}  // namespace

std::optional<int> signal_number(std::string_view name) {
  constexpr std::string_view prefix = "SIG";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  const auto found = std::find_if(signals.begin(), signals.end(),
                                  [&](const auto& signal) { return signal.first == name; });
  if (found == signals.end()) return std::nullopt;
  return found->second;
}

std::string signal_names() {
  std::array<std::string_view, signals.size()> names;
  std::transform(signals.begin(), signals.end(), names.begin(),
                 [](const auto& signal) { return signal.first; });
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace provisr::daemon
