#pragma once

#include <provisr/sampler.hpp>

#include <optional>
#include <sys/types.h>

namespace provisr::bench {

/// Reads the figures of a process like most programs do: opens, reads, parses and closes stat,
/// statm and status, and lists the descriptors. Returns empty if the process is gone.
[[nodiscard]] std::optional<ProcessReading> read_naively(pid_t pid);

}  // namespace provisr::bench
