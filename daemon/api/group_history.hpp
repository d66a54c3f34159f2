#pragma once

#include "daemon/api/history_query.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/http/answer.hpp"

#include <provisr/snapshot.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string_view>

namespace provisr::daemon {

/// Returns the keys of the rows of a group history.
[[nodiscard]] std::span<const std::string_view> group_history_fields();

/// Returns the totals of a base over time as JSON: a row for each step in which an instance has
/// samples, with the sums over the instances. Without a step in the query, the step is a multiple
/// of `default_step` that keeps the number of rows within max_steps. What needs much memory waits
/// for its turn. Throws Refusal.
[[nodiscard]] HttpAnswer group_history_answer(
    std::string_view base, const Snapshot& snapshot, HistoryQuery query,
    std::chrono::nanoseconds default_step,
    const std::shared_ptr<Turns>& turns = std::make_shared<Turns>());

}  // namespace provisr::daemon
