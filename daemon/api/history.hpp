#pragma once

#include "daemon/http/answer.hpp"

#include <provisr/history.hpp>

#include <string>

namespace provisr::daemon {

/// The history of a name, as JSON. A long one is made while the client takes it; samples that are
/// overwritten meanwhile are left out.
[[nodiscard]] HttpAnswer history_answer(std::string name, HistoryView history);

}  // namespace provisr::daemon
