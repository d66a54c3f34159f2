#pragma once

#include <provisr/sampler.hpp>

#include <optional>
#include <sys/types.h>
#include <vector>

namespace provisr::bench {

/// Reads the figures of a process like most programs do: opens, reads, parses and closes stat,
/// statm and status, and lists the descriptors. Returns empty if the process is gone.
[[nodiscard]] std::optional<ProcessReading> read_naively(pid_t pid);

/// Returns a process and all its descendants like most programs find them: reads the parent of
/// every process of the machine.
[[nodiscard]] std::vector<pid_t> find_tree_naively(pid_t leader);

}  // namespace provisr::bench
