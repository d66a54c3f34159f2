#pragma once

#include "daemon/base/json_text.hpp"
#include "daemon/supervisor/exit_log.hpp"

#include <string>
#include <string_view>

namespace provisr::daemon {

/// One record as a JSON object. What is unknown is left out.
void write_exit(JsonText& json, const ExitRecord& record);

/// The same as an event. If the system does not tell how it ended, `error` does, unless it is
/// empty.
[[nodiscard]] std::string exited_json(const ExitRecord& record, std::string_view error = {});

[[nodiscard]] std::string exits_json(const ExitLog::Records& records);

}  // namespace provisr::daemon
