#pragma once

#include <provisr/tracking.hpp>

#include <optional>
#include <sys/types.h>

namespace provisr::daemon {

/// Returns what an ended child used, without collecting it; empty if the system does not report it.
[[nodiscard]] std::optional<EndedChild> describe_ended_child(pid_t pid) noexcept;

}  // namespace provisr::daemon
