#include "daemon/platform/descriptor_limit.hpp"

#include "daemon/platform/posix/original_descriptor_limit.hpp"

namespace provisr::daemon {
namespace {

std::optional<rlimit> original_limit;

bool set_soft_limit(const rlimit& now, rlim_t soft) {
  rlimit wanted = now;
  wanted.rlim_cur = soft;
  return setrlimit(RLIMIT_NOFILE, &wanted) == 0;
}

}  // namespace

void raise_descriptor_limit() {
  // macOS reports no limit, but refuses more than its OPEN_MAX.
  constexpr rlim_t what_macos_grants = 10240;
  rlimit now{};
  if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur == now.rlim_max) return;
  const bool raised = set_soft_limit(now, now.rlim_max) ||
                      (now.rlim_cur < what_macos_grants && set_soft_limit(now, what_macos_grants));
  if (raised) original_limit = now;
}

std::optional<std::size_t> descriptor_limit() {
  rlimit now{};
  if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<std::size_t>(now.rlim_cur);
}

const std::optional<rlimit>& original_descriptor_limit() {
  return original_limit;
}

}  // namespace provisr::daemon
