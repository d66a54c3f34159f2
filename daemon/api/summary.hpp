#pragma once

#include "daemon/api/parameters.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/http/answer.hpp"

#include <provisr/process_metrics.hpp>
#include <provisr/snapshot.hpp>

#include <chrono>
#include <memory>

namespace provisr::daemon {

/// Returns the distribution of each figure of a process, or of all instances of a base, over the
/// samples from `window` before `now` to `now`, with both. `interval` is that of the samples. Many
/// samples are evaluated when it is their turn. Throws Refusal for an unknown name or for too many
/// samples.
[[nodiscard]] HttpAnswer summary_answer(
    const Target& target, const Snapshot& snapshot, std::chrono::milliseconds window, Timestamp now,
    std::chrono::nanoseconds interval,
    const std::shared_ptr<Turns>& turns = std::make_shared<Turns>());

}  // namespace provisr::daemon
