#pragma once

#include "daemon/api/history_query.hpp"
#include "daemon/api/turns.hpp"
#include "daemon/http/answer.hpp"

#include <provisr/history.hpp>

#include <memory>
#include <string_view>

namespace provisr::daemon {

/// Returns the history of a name in the steps of `query`, as history_answer() does. Throws Refusal.
[[nodiscard]] HttpAnswer step_history_answer(std::string_view name, HistoryView history,
                                             const HistoryQuery& query,
                                             const std::shared_ptr<Turns>& turns);

}  // namespace provisr::daemon
