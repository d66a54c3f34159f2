#pragma once

#include "lib/platform/linux/proc_text.hpp"

#include <provisr/process_metrics.hpp>

#include <optional>

namespace provisr::linux_platform {

/// A thread of a process, and the memory of that process.
struct LivingThread {
  ProcessId id = 0;
  Statm memory;
};

/// Finds a thread that has not ended, by a descriptor of the `task` directory. Once the first
/// thread of a process has ended, procfs shows what all threads share (memory, descriptors) only
/// below the others. Tries a limited number of threads: a tracer can keep any number of ended ones.
[[nodiscard]] std::optional<LivingThread> find_living_thread(int task) noexcept;

}  // namespace provisr::linux_platform
