#pragma once

#include <provisr/sampler.hpp>

#include <optional>
#include <sys/types.h>

namespace provisr::bench {

/// The same figures as most programs get them: open, read, parse and close stat, statm and
/// status, and list the descriptors. Empty if the process is gone.
[[nodiscard]] std::optional<ProcessReading> read_naively(pid_t pid);

}  // namespace provisr::bench
