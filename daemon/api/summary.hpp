#pragma once

#include "daemon/api/parameters.hpp"
#include "daemon/http/answer.hpp"

#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <chrono>

namespace provisr::daemon {

/// Returns the distribution of each figure of a process, or of all instances of a base, over the
/// samples of the last `window`. `interval` is that of the samples. Throws Refusal for an unknown
/// name or for too many samples.
[[nodiscard]] HttpAnswer summary_answer(const Target& target, const Snapshot& snapshot,
                                        std::chrono::milliseconds window, Timestamp now,
                                        std::chrono::nanoseconds interval);

}  // namespace provisr::daemon
