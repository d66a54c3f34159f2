#include "daemon/platform/posix/orphans.hpp"

#include "daemon/platform/ended_children.hpp"

namespace provisr::daemon {

void adopt_orphans() {}

OrphanSearch search_orphans(pid_t /*adopter*/, std::string_view /*mark*/,
                            const std::unordered_set<pid_t>& /*started*/) {
  return {};
}

void kill_orphans_later(pid_t /*adopter*/, std::string_view /*mark*/) noexcept {}

std::optional<std::uint64_t> start_of_living(pid_t /*process*/) {
  return std::nullopt;
}

void signal_orphan(pid_t /*orphan*/, int /*signal*/) noexcept {}

}  // namespace provisr::daemon
