#pragma once

#include "daemon/base/json_text.hpp"
#include "daemon/supervisor/exit_log.hpp"

#include <string>

namespace provisr::daemon {

/// One record as a JSON object. What is unknown is left out.
void write_exit(JsonText& json, const ExitRecord& record);

[[nodiscard]] std::string exits_json(const ExitLog::Records& records);

}  // namespace provisr::daemon
