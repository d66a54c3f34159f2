#pragma once

#include "daemon/api/history_query.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/http/answer.hpp"

#include <provisr/history.hpp>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace provisr::daemon {

/// Returns the keys of the rows of a history.
[[nodiscard]] std::span<const std::string_view> history_fields();

/// Returns the history of a name as JSON: its samples or, if the query has a step, a row for each
/// step that has samples. A long answer is made while the client takes it; samples that are
/// overwritten meanwhile are left out. What needs much memory waits for its turn. Throws Refusal.
[[nodiscard]] HttpAnswer history_answer(
    std::string name, HistoryView history, const HistoryQuery& query = {},
    const std::shared_ptr<Turns>& turns = std::make_shared<Turns>());

}  // namespace provisr::daemon
