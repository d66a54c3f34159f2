#pragma once

#include <provisr/tracking.hpp>

#include <optional>
#include <sys/types.h>

namespace provisr::daemon {

/// What a child that has ended has used, without collecting it; empty if the system does not tell.
[[nodiscard]] std::optional<EndedChild> describe_ended_child(pid_t pid) noexcept;

}  // namespace provisr::daemon
